// common_options.h - the options that every command has: what to print, and
// where to ask.
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/style.h"
#include "userspace/model/answer.h"

namespace portwatch::cli {

enum class Format { people, plain, json };

struct OutputOptions {
  bool json = false;
  bool plain = false;
  bool quiet = false;
  bool verbose = false;
  std::optional<std::string> color;

  Format format() const {
    return json ? Format::json : plain ? Format::plain : Format::people;
  }
};

struct WhereOptions {
  std::optional<std::string> socket;
  bool no_daemon = false;
  std::optional<std::string> backend;
};

void declare(Arguments& arguments, OutputOptions& options);
void declare(Arguments& arguments, WhereOptions& options);

// Errors: invalid, one line.
Result<void> check(const OutputOptions& options);
Result<void> check(const WhereOptions& options);

// Colour only on a terminal that can show it, unless --color says otherwise.
Style style_for(const OutputOptions& options, const Context& context);

}  // namespace portwatch::cli
