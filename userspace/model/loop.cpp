#include "userspace/model/loop.h"

#include <sys/wait.h>

#include <charconv>
#include <csignal>
#include <cstring>
#include <tuple>

namespace portwatch {
namespace {

bool restarts(const std::string& unit) {
  constexpr std::string_view kService = ".service";
  return unit.size() > kService.size() && unit.ends_with(kService);
}

std::string program_text(const Process& process) {
  std::string text = process.exe.value_or(process.name.value_or(""));
  if (process.cmdline) {
    for (std::size_t i = 1; i < process.cmdline->size(); ++i) {
      text += " " + (*process.cmdline)[i];
    }
  }
  return text;
}

}  // namespace

Subject subject_of(const Process& process) {
  if (process.unit && restarts(*process.unit)) {
    return {Subject::Kind::unit, *process.unit, {}, {}};
  }
  if (process.container) {
    return {Subject::Kind::container, *process.container, {}, {}};
  }
  return {Subject::Kind::program, program_text(process), process.uid, process.user};
}

ExitStatus exit_status_from_wait(int wait_status) {
  ExitStatus status;
  if (WIFSIGNALED(wait_status)) {
    status.signal = WTERMSIG(wait_status);
    status.core_dumped = WCOREDUMP(wait_status);
  } else {
    status.code = WEXITSTATUS(wait_status);
  }
  return status;
}

std::string signal_name(int number) {
  const char* name = sigabbrev_np(number);
  return name != nullptr ? "SIG" + std::string(name)
                         : "signal " + std::to_string(number);
}

std::optional<int> signal_from(std::string_view name) {
  constexpr std::string_view kNumbered = "signal ";
  for (int number = 1; number < NSIG && name.starts_with("SIG"); ++number) {
    if (signal_name(number) == name) {
      return number;
    }
  }
  int number = 0;
  if (!name.starts_with(kNumbered)) {
    return std::nullopt;
  }
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kNumbered.size(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && number > 0
             ? std::optional<int>(number)
             : std::nullopt;
}

bool same_series(const Loop& a, const Loop& b) {
  const auto key = [](const Loop& loop) {
    return std::tie(loop.subject, loop.protocol, loop.port, loop.netns, loop.window,
                    loop.first);
  };
  return key(a) == key(b);
}

std::string to_string(const ExitStatus& status) {
  if (status.signal) {
    return signal_name(*status.signal) +
           (status.core_dumped ? " (core dumped)" : "");
  }
  return "status " + std::to_string(status.code.value_or(0));
}

}  // namespace portwatch
