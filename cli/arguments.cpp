#include "cli/arguments.h"

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

std::string unexpected(const std::string& word) {
  return (word.rfind('-', 0) == 0 ? "unknown option '" : "unexpected word '") +
         word + "'";
}

// CLI11 writes "--socket: 1 required TEXT missing".
std::string option_in(const std::string& message) {
  return message.substr(0, message.find(':'));
}

}  // namespace

struct Arguments::Parser {
  CLI::App app;
};

Arguments::Arguments(std::string_view usage, std::string_view about)
    : usage_(usage), about_(about), parser_(std::make_unique<Parser>()) {
  parser_->app.set_help_flag("-h,--help");
  note("-h,--help", "", "this text");
}

Arguments::~Arguments() = default;

void Arguments::note(const char* names, std::string_view metavar,
                     std::string_view help) {
  rows_.push_back({shown_names(names, metavar), help});
}

void Arguments::flag(const char* names, bool& target, std::string_view help) {
  parser_->app.add_flag(names, target);
  note(names, "", help);
}

void Arguments::value(const char* names, std::string_view metavar,
                      std::optional<std::string>& target, std::string_view help) {
  parser_->app
      .add_option_function<std::string>(
          names, [&target](const std::string& text) { target = text; })
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  note(names, metavar, help);
}

void Arguments::values(const char* names, std::string_view metavar,
                       std::vector<std::string>& target, std::string_view help) {
  parser_->app.add_option(names, target)->allow_extra_args(false);
  note(names, metavar, help);
}

void Arguments::words(std::vector<std::string>& target) {
  parser_->app.add_option("words", target);
}

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
  // CLI11 takes them from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    parser_->app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return deliver(context, help(), kYes);
  } catch (const CLI::ExtrasError&) {
    return refuse_words(context, unexpected(parser_->app.remaining().front()));
  } catch (const CLI::ArgumentMismatch& error) {
    return refuse_words(context, option_in(error.what()) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return refuse_words(context, error.what());
  }
}

std::string Arguments::help() const {
  std::size_t width = 0;
  for (const Row& row : rows_) {
    width = std::max(width, row.names.size());
  }
  std::string text = "Usage: portwatch " + std::string(usage_) + "\n\n" +
                     std::string(about_) + "\n\nOptions:\n";
  for (const Row& row : rows_) {
    text += "  " + pad(row.names, width + 2) + std::string(row.help) + "\n";
  }
  return text;
}

}  // namespace portwatch::cli
