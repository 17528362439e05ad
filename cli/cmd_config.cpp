// cmd_config.cpp - `portwatch config check|show`: the daemon's configuration.
//
// Only portwatchd reads its files, so that there is one reader: the command becomes
// it, and ends with its exit code.
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"

namespace portwatch::cli {

int run_config(Context& context, const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  std::optional<std::string> directory;
  Arguments parser("config [OPTION]... check|show",
                   "check: is the daemon's configuration sound? Every mistake with "
                   "file and line.\nshow: the values in effect, and where each "
                   "comes from.\nExit code: that of portwatchd, 0 when it is "
                   "sound; 3 without portwatchd.");
  parser.value("--private", "DIR", directory, "of the private daemon there");
  parser.words(words);
  if (const auto code = parser.parse(arguments, context)) {
    return *code;
  }
  if (words.size() != 1 || (words[0] != "check" && words[0] != "show")) {
    return parser.refuse(context,
                         "expected check or show, as in 'portwatch config "
                         "check'");
  }
  std::vector<std::string> passed = {"--" + words[0] + "-config"};
  if (directory) {
    passed.insert(passed.end(), {"--private", *directory});
  }
  const auto ran = context.backends.become_daemon(passed);
  if (!ran) {
    say(context, ran.error().context);
    return kCannotKnow;
  }
  return *ran;
}

}  // namespace portwatch::cli
