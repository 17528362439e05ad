// commands.h - every command of portwatch, in one list.
//
// A new command is one file cmd_NAME.cpp, one declaration and one line here, and
// one test of the same name.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace portwatch::cli {

// `arguments` are the words after the command's name; returns an exit code.
// With --help among them every command prints its help and does nothing else.
using Run = int (*)(Context& context, const std::vector<std::string>& arguments);

struct Command {
  std::string_view name;
  std::string_view alias;    // empty: none
  std::string_view summary;  // for the list that `help` prints
  Run run;
};

int run_who(Context& context, const std::vector<std::string>& arguments);
int run_list(Context& context, const std::vector<std::string>& arguments);
int run_why(Context& context, const std::vector<std::string>& arguments);
int run_check(Context& context, const std::vector<std::string>& arguments);
int run_watch(Context& context, const std::vector<std::string>& arguments);
int run_failures(Context& context, const std::vector<std::string>& arguments);
int run_loops(Context& context, const std::vector<std::string>& arguments);
int run_history(Context& context, const std::vector<std::string>& arguments);
int run_doctor(Context& context, const std::vector<std::string>& arguments);
int run_status(Context& context, const std::vector<std::string>& arguments);
int run_config(Context& context, const std::vector<std::string>& arguments);
int run_help(Context& context, const std::vector<std::string>& arguments);

const std::array<Command, 12>& commands();

// By name or alias; null when there is none.
const Command* find_command(std::string_view name);

// One line on standard error: there is no such command, and which was perhaps
// meant. Returns kUsage.
int refuse_command(Context& context, const std::string& name);

}  // namespace portwatch::cli
