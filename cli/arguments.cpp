#include "cli/arguments.h"

#include <istream>
#include <ostream>
// CLI11 includes <iostream>, which makes every start of the program construct
// eight streams that nobody uses (0.1 ms, a fifth of /bin/true). With the guard
// of libstdc++ set it is passed over; CLI11 only names two of its objects. Other
// standard libraries have other guards: there this changes nothing.
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier)
namespace std {
extern ostream cout;
extern ostream cerr;
}  // namespace std
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/exit_code.h"
#include "cli/text.h"

namespace portwatch::cli {
namespace {

// "-e,--event" with "TYPE" becomes "-e, --event TYPE".
std::string shown_names(std::string_view names, std::string_view metavar) {
  std::string text = names.substr(0, 2) == "--" ? "    " : "";
  for (const char c : names) {
    text += c;
    text += c == ',' ? " " : "";
  }
  return metavar.empty() ? text : text + " " + std::string(metavar);
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool is_option(const std::string& word) { return word.rfind('-', 0) == 0; }

void add(CLI::App& app, const char* names, bool& target) {
  app.add_flag(names, target);
}

void add(CLI::App& app, const char* names, std::optional<std::string>& target) {
  app.add_option_function<std::string>(
         names, [&target](const std::string& text) { target = text; })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void add(CLI::App& app, const char* names, std::vector<std::string>& target) {
  app.add_option(names, target)->allow_extra_args(false);
}

std::string unexpected(const std::string& word) {
  return (is_option(word) ? "unknown option '" : "unexpected word '") + word + "'";
}

// CLI11 writes "--socket: 1 required TEXT missing".
std::string option_in(const std::string& message) {
  return message.substr(0, message.find(':'));
}

}  // namespace

Arguments::Arguments(std::string_view usage, std::string_view about)
    : usage_(usage), about_(about) {
  options_.reserve(24);
}

void Arguments::flag(const char* names, bool& target, std::string_view help) {
  options_.push_back({names, "", &target, help});
}

void Arguments::value(const char* names, std::string_view metavar,
                      std::optional<std::string>& target, std::string_view help) {
  options_.push_back({names, metavar, &target, help});
}

void Arguments::values(const char* names, std::string_view metavar,
                       std::vector<std::string>& target, std::string_view help) {
  options_.push_back({names, metavar, &target, help});
}

void Arguments::words(std::vector<std::string>& target) { words_ = &target; }

std::string_view Arguments::command() const {
  return usage_.substr(0, usage_.find(' '));
}

int Arguments::refuse(Context& context, const std::string& text) const {
  say(context, std::string(command()) + ": " + one_line(text));
  return kUsage;
}

int Arguments::refuse_words(Context& context, const std::string& text) const {
  return refuse(context,
                text + " (see 'portwatch help " + std::string(command()) + "')");
}

std::optional<int> Arguments::parse(const std::vector<std::string>& arguments,
                                    Context& context) {
  return std::any_of(arguments.begin(), arguments.end(), is_option)
             ? parse_options(arguments, context)
             : take_words(arguments, context);
}

std::optional<int> Arguments::take_words(const std::vector<std::string>& arguments,
                                         Context& context) {
  if (words_ == nullptr && !arguments.empty()) {
    return refuse_words(context, unexpected(arguments.front()));
  }
  if (words_ != nullptr) {
    *words_ = arguments;
  }
  return std::nullopt;
}

std::optional<int> Arguments::parse_options(
    const std::vector<std::string>& arguments, Context& context) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  for (const Option& option : options_) {
    std::visit([&](auto* target) { add(app, option.names, *target); },
               option.target);
  }
  if (words_ != nullptr) {
    app.add_option("words", *words_);
  }
  // CLI11 takes them from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return deliver(context, help(), kYes);
  } catch (const CLI::ExtrasError&) {
    return refuse_words(context, unexpected(app.remaining().front()));
  } catch (const CLI::ArgumentMismatch& error) {
    return refuse_words(context, option_in(error.what()) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return refuse_words(context, error.what());
  }
}

std::string Arguments::help() const {
  std::vector<std::pair<std::string, std::string_view>> rows = {
      {shown_names("-h,--help", ""), "this text"}};
  std::size_t width = rows.front().first.size();
  for (const Option& option : options_) {
    rows.emplace_back(shown_names(option.names, option.metavar), option.help);
    width = std::max(width, rows.back().first.size());
  }
  std::string text = "Usage: portwatch " + std::string(usage_) + "\n\n" +
                     std::string(about_) + "\n\nOptions:\n";
  for (const auto& [names, help] : rows) {
    text += "  " + pad(names, width + 2) + std::string(help) + "\n";
  }
  return text;
}

}  // namespace portwatch::cli
