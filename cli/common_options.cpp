#include "cli/common_options.h"

namespace portwatch::cli {

void declare(Arguments& arguments, OutputOptions& options) {
  arguments.flag("--json", options.json, "print JSON, schema portwatch/1");
  arguments.flag("--plain", options.plain, "print tab-separated fields, no header");
  arguments.value("--color", "WHEN", options.color, "auto, always or never");
  arguments.flag("-q,--quiet", options.quiet, "print no answer, only errors");
  arguments.flag("-v,--verbose", options.verbose,
                 "say where the answer comes from");
}

void declare(Arguments& arguments, WhereOptions& options) {
  arguments.value("--socket", "PATH", options.socket,
                  "ask this daemon and no other");
  arguments.flag("--no-daemon", options.no_daemon, "ask no daemon, look oneself");
  arguments.value("--backend", "NAME", options.backend,
                  "look with sock_diag or procfs (implies --no-daemon)");
}

Result<void> check(const OutputOptions& options) {
  if (options.json && options.plain) {
    return Error{Errc::invalid, "--json and --plain exclude each other"};
  }
  const std::string color = options.color.value_or("auto");
  if (color != "auto" && color != "always" && color != "never") {
    return Error{Errc::invalid,
                 "bad --color '" + color + "': expected auto, always or never"};
  }
  return {};
}

Result<void> check(const WhereOptions& options) {
  if (options.socket && (options.no_daemon || options.backend)) {
    return Error{Errc::invalid,
                 "--socket asks a daemon, --no-daemon and --backend ask none"};
  }
  if (options.socket && options.socket->empty()) {
    return Error{Errc::invalid, "--socket needs a path"};
  }
  if (options.backend && options.backend != "sock_diag" &&
      options.backend != "procfs") {
    return Error{Errc::invalid, "bad --backend '" + *options.backend +
                                    "': expected sock_diag or procfs"};
  }
  return {};
}

Style style_for(const OutputOptions& options, const Context& context) {
  const std::string color = options.color.value_or("auto");
  const Environment& environment = context.environment;
  return Style(color == "always" ||
               (color == "auto" && context.streams.out_is_terminal &&
                !environment.no_color && !environment.dumb));
}

}  // namespace portwatch::cli
