#include "cli/run.h"

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/exit_code.h"

namespace portwatch::cli {
namespace {

// Options that may stand before the command and take the next word as value.
constexpr std::array<std::string_view, 3> kWithValue = {"--socket", "--backend",
                                                        "--color"};

bool takes_value(const std::string& word) {
  return std::find(kWithValue.begin(), kWithValue.end(), word) != kWithValue.end();
}

// Index of the first word that is neither an option nor its value.
std::size_t command_at(const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].rfind('-', 0) == 0) {
    at += takes_value(arguments[at]) ? 2 : 1;
  }
  return std::min(at, arguments.size());
}

bool has(const std::vector<std::string>& arguments, std::string_view option) {
  return std::find(arguments.begin(), arguments.end(), option) != arguments.end();
}

int run_without_command(const std::vector<std::string>& arguments,
                        Context& context) {
  if (has(arguments, "--version")) {
    return deliver(context, "portwatch " PORTWATCH_VERSION "\n", kYes);
  }
  if (has(arguments, "--help") || has(arguments, "-h")) {
    return run_help(context, {});
  }
  say(context,
      "no command given, as in 'portwatch who 5055' (see 'portwatch help')");
  return kUsage;
}

}  // namespace

int run(const std::vector<std::string>& arguments, Context& context) {
  const std::size_t at = command_at(arguments);
  if (at == arguments.size()) {
    return run_without_command(arguments, context);
  }
  const Command* command = find_command(arguments[at]);
  if (command == nullptr) {
    return refuse_command(context, arguments[at]);
  }
  std::vector<std::string> rest = arguments;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(at));
  return command->run(context, rest);
}

}  // namespace portwatch::cli
