// arguments.h - the options of one command: declared once, parsed by CLI11.
//
// The one place that includes CLI11. It is large to start (0.2 ms), so a parser
// is built only when there is an option among the words; its exceptions stop
// here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/context.h"

namespace portwatch::cli {

class Arguments {
 public:
  // `usage` is "who [OPTION]... PORT[/PROTO]...", starting with the command's
  // name; `about` is the text between usage and options in the help. Both are
  // literals, as is every `names`, `metavar` and `help` below.
  Arguments(std::string_view usage, std::string_view about);

  // The targets must outlive the call of parse().
  void flag(const char* names, bool& target, std::string_view help);
  void value(const char* names, std::string_view metavar,
             std::optional<std::string>& target, std::string_view help);
  // May be given several times, each with one value.
  void values(const char* names, std::string_view metavar,
              std::vector<std::string>& target, std::string_view help);
  // The words that are no options; a command without this takes none.
  void words(std::vector<std::string>& target);

  // Empty: go on. Otherwise the command ends with that code, after the help
  // (--help) or after one line that says what is wrong (kUsage).
  std::optional<int> parse(const std::vector<std::string>& arguments,
                           Context& context);

  // Says "COMMAND: TEXT" in one line; returns kUsage.
  int refuse(Context& context, const std::string& text) const;

  std::string help() const;

 private:
  using Target =
      std::variant<bool*, std::optional<std::string>*, std::vector<std::string>*>;
  struct Option {
    const char* names;
    std::string_view metavar;
    Target target;
    std::string_view help;
  };
  std::optional<int> parse_options(const std::vector<std::string>& arguments,
                                   Context& context);
  std::optional<int> take_words(const std::vector<std::string>& arguments,
                                Context& context);
  int refuse_words(Context& context, const std::string& text) const;
  std::string_view command() const;

  std::string_view usage_;
  std::string_view about_;
  std::vector<Option> options_;
  std::vector<std::string>* words_ = nullptr;
};

}  // namespace portwatch::cli
