#include "userspace/daemon/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

namespace portwatch {

std::optional<int> parse_options(int argc, char** argv, Options& options) {
  CLI::App app("Keeps an exact map of who holds which port, and answers portwatch.",
               "portwatchd");
  bool foreground = true;
  std::string backend = "auto";
  app.set_version_flag("--version", "portwatchd " PORTWATCH_VERSION);
  app.add_option("--private", options.private_directory,
                 "socket, state and configuration under DIR; no system paths")
      ->type_name("DIR")
      ->check([](const std::string& text) {
        return text.empty() ? std::string("the directory has no name")
                            : std::string();
      });
  app.add_option("--backend", backend, "auto, ebpf, sock_diag or procfs")
      ->check(CLI::IsMember({"auto", "ebpf", "sock_diag", "procfs"}));
  app.add_option("--ready-fd", options.ready_fd,
                 "write one byte to descriptor N when queries are answered")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--log-level", options.log_level, "overrides log.level")
      ->check(CLI::IsMember(
          {"trace", "debug", "info", "warning", "error", "critical", "off"}));
  bool check = false;
  bool show = false;
  auto* const check_flag = app.add_flag(
      "--check-config", check, "say what is wrong with the configuration, and end");
  app.add_flag("--show-config", show,
               "write the effective configuration and where it is from, and end")
      ->excludes(check_flag);
  // In no manual: makes the daemon wrong, to see that tests/torture notices.
  app.add_option("--sabotage", options.drop_one_in)->group("");
  app.add_flag("--foreground", foreground, "stay in the foreground (the default)");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "portwatchd: %s (see portwatchd --help)\n", error.what());
    return 2;
  }
  options.config_task = check  ? ConfigTask::check
                        : show ? ConfigTask::show
                               : ConfigTask::none;
  if (backend != "auto") {
    options.backend = source_from(backend);
  }
  return std::nullopt;
}

}  // namespace portwatch
