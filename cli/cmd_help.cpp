// cmd_help.cpp - `portwatch help [COMMAND]`.
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/text.h"

namespace portwatch::cli {
namespace {

std::string overview() {
  std::string text =
      "Usage: portwatch COMMAND [OPTION]...\n\n"
      "Who has that port? Asks portwatchd, or looks for itself when none runs.\n\n"
      "Commands:\n";
  for (const Command& command : commands()) {
    const std::string alias =
        command.alias.empty() ? "" : ", " + std::string(command.alias);
    text += "  " + pad(std::string(command.name) + alias, 12) +
            std::string(command.summary) + "\n";
  }
  return text +
         "\nExamples:\n"
         "  portwatch who 5055            who holds TCP or UDP port 5055\n"
         "  portwatch list --tcp          every TCP port that is taken\n"
         "  portwatch watch --port 5055   everybody who takes or releases it\n"
         "\n'portwatch help COMMAND' tells more; see also portwatch(1).\n";
}

}  // namespace

int run_help(Context& context, const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  Arguments options("help [COMMAND]", "The commands, or the help of one command.");
  options.words(words);
  if (const auto code = options.parse(arguments, context)) {
    return *code;
  }
  if (words.empty()) {
    return deliver(context, overview(), kYes);
  }
  const Command* command = find_command(words.front());
  return command == nullptr ? refuse_command(context, words.front())
                            : command->run(context, {"--help"});
}

}  // namespace portwatch::cli
