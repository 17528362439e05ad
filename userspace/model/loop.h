// loop.h - something that fails again and again, and what it is that restarts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"

namespace portwatch {

// What restarts, not the pid that died: the systemd unit, else the container, else
// executable + arguments + user.
struct Subject {
  enum class Kind : std::uint8_t { unit, container, program };
  Kind kind = Kind::program;
  // "nginx.service", "docker:0123456789ab", "/usr/bin/python3 -m http.server".
  std::string name;
  std::optional<uid_t> uid;         // of the process, for a program
  std::optional<std::string> user;  // the same

  friend bool operator==(const Subject&, const Subject&) = default;
  friend auto operator<=>(const Subject&, const Subject&) = default;
};
std::string_view to_string(Subject::Kind kind);
std::optional<Subject::Kind> subject_kind_from(std::string_view name);
// A login session (a *.scope) is no unit that restarts: it yields the program.
Subject subject_of(const Process& process);

// A process that had taken a port, or had tried to, or the parent of one, ended.
struct ProcessEnd {
  Process process;  // as it was
  BootTime when{};
  std::optional<ExitStatus> status;  // empty: nobody could tell
};

// A series: failed binds (bindFailureLoop), or lives that end (crashLoop).
struct Loop {
  Subject subject;
  Protocol protocol = Protocol::tcp;
  Port port = 0;
  std::uint32_t netns = 0;
  std::optional<std::uint64_t> netns_cookie;
  // Since `first`: in the window when it is told, of the whole series afterwards.
  std::uint64_t count = 0;
  std::chrono::seconds window{0};  // `interval` of the configuration
  WallTime first{};                // of the series
  WallTime last{};                 // its last failure or death
  // One sentence: "bind: EADDRINUSE", "exits with status 1", "killed by SIGSEGV".
  std::string cause;
  // Of the last failed bind, the first few; empty optional: the cause is none.
  std::optional<std::vector<Binding>> blockers;
  std::optional<ExitStatus> last_exit;  // empty: it did not end, or not known
  SharedProcess last_process;
  // It goes on, and this is how it stands now. False: as it was when it was told.
  bool active = false;

  friend bool operator==(const Loop&, const Loop&) = default;
};
// One series' beginning, state and end. The two kinds count in windows of their
// own.
bool same_series(const Loop& a, const Loop& b);

}  // namespace portwatch
