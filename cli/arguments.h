// arguments.h - the options of one command: declared once, parsed by CLI11.
//
// The one place that includes CLI11: it is large to compile and to start, so
// only the chosen command ever builds one. Exceptions stop here.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context.h"

namespace portwatch::cli {

class Arguments {
 public:
  // `usage` is "who [OPTION]... PORT[/PROTO]...", starting with the command's
  // name; `about` is the text between usage and options in the help. Both are
  // literals, as is every `names`, `metavar` and `help` below.
  Arguments(std::string_view usage, std::string_view about);
  ~Arguments();

  // The targets must outlive the call of parse().
  void flag(const char* names, bool& target, std::string_view help);
  void value(const char* names, std::string_view metavar,
             std::optional<std::string>& target, std::string_view help);
  // May be given several times, each with one value.
  void values(const char* names, std::string_view metavar,
              std::vector<std::string>& target, std::string_view help);
  void words(std::vector<std::string>& target);

  // Empty: go on. Otherwise the command ends with that code, after the help
  // (--help) or after one line that says what is wrong (kUsage).
  std::optional<int> parse(const std::vector<std::string>& arguments,
                           Context& context);

  // Says "COMMAND: TEXT" in one line; returns kUsage.
  int refuse(Context& context, const std::string& text) const;

  std::string help() const;

 private:
  struct Parser;
  struct Row {
    std::string names;
    std::string_view help;
  };
  int refuse_words(Context& context, const std::string& text) const;
  void note(const char* names, std::string_view metavar, std::string_view help);
  std::string_view command() const;

  std::string_view usage_;
  std::string_view about_;
  std::vector<Row> rows_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace portwatch::cli
