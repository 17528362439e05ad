#include "userspace/source/proc_parse.h"

#include <charconv>

namespace portwatch {
namespace {

// Takes the text up to `separator` off the front of `rest`.
std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return token;
}

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) {
    return std::nullopt;
  }
  return value;
}

// What follows the name: "state ppid pgrp ... starttime ...", from field 3 on.
bool parse_after_name(std::string_view rest, StatFacts& facts) {
  constexpr int kState = 3;
  constexpr int kPpid = 4;
  constexpr int kFlags = 9;
  constexpr int kStartTime = 22;
  constexpr int kExitCode = 52;                        // since Linux 3.5
  constexpr std::uint64_t kKernelThread = 0x00200000;  // PF_KTHREAD, linux/sched.h
  std::optional<pid_t> ppid;
  std::optional<std::uint64_t> flags;
  std::optional<std::uint64_t> start;
  for (int field = kState; field <= kExitCode; ++field) {
    const std::string_view token = take(rest, ' ');
    if (field == kState && token.size() == 1) {
      facts.state = token[0];
    } else if (field == kPpid) {
      ppid = number_of<pid_t>(token);
    } else if (field == kFlags) {
      flags = number_of<std::uint64_t>(token);
    } else if (field == kStartTime) {
      start = number_of<std::uint64_t>(token);
    } else if (field == kExitCode && facts.state == 'Z') {
      facts.zombie_status = number_of<int>(token.substr(0, token.find('\n')));
    }
  }
  if (!ppid || !flags || !start) {
    return false;
  }
  facts.ppid = *ppid;
  facts.kernel_thread = (*flags & kKernelThread) != 0;
  facts.start_ticks = *start;
  return true;
}

// The rest of the line that begins with `key`; empty when there is none. A newline
// in the name is escaped by the kernel, so no name can forge a line.
std::string_view line_of_status(std::string_view bytes, std::string_view key) {
  while (!bytes.empty()) {
    const std::string_view line = take(bytes, '\n');
    if (line.substr(0, key.size()) == key) {
      return line.substr(key.size());
    }
  }
  return {};
}

}  // namespace

std::optional<StatFacts> parse_stat(std::string_view bytes) {
  const auto open = bytes.find('(');
  const auto close = bytes.rfind(')');  // the name may hold parentheses too
  if (open == std::string_view::npos || close == std::string_view::npos ||
      close < open || close + 2 > bytes.size()) {
    return std::nullopt;
  }
  StatFacts facts;
  facts.name = bytes.substr(open + 1, close - open - 1);
  if (!parse_after_name(bytes.substr(close + 2), facts)) {
    return std::nullopt;
  }
  return facts;
}

std::optional<uid_t> parse_effective_uid(std::string_view bytes) {
  std::string_view numbers = line_of_status(bytes, "Uid:\t");
  take(numbers, '\t');  // real
  return number_of<uid_t>(take(numbers, '\t'));
}

std::optional<pid_t> parse_ns_pid(std::string_view bytes) {
  const std::string_view numbers = line_of_status(bytes, "NSpid:\t");
  return number_of<pid_t>(numbers.substr(numbers.rfind('\t') + 1));
}

std::optional<std::vector<std::string>> parse_cmdline(std::string_view bytes) {
  const auto last = bytes.find_last_not_of('\0');
  if (last == std::string_view::npos) {
    return std::nullopt;
  }
  bytes = bytes.substr(0, last + 1);
  std::vector<std::string> arguments;
  while (!bytes.empty()) {
    arguments.emplace_back(take(bytes, '\0'));
  }
  return arguments;
}

std::optional<std::string> parse_cgroup(std::string_view bytes) {
  std::optional<std::string> unified;
  std::optional<std::string> systemd;
  while (!bytes.empty()) {
    std::string_view line = take(bytes, '\n');
    const std::string_view hierarchy = take(line, ':');
    const std::string_view controllers = take(line, ':');
    if (line.empty() || line[0] != '/') {
      continue;
    }
    if (hierarchy == "0" && controllers.empty()) {
      unified = line;
    } else if (controllers == "name=systemd") {
      systemd = line;
    }
  }
  // On a hybrid host every process may be in "/" of v2, and only systemd's own
  // v1 hierarchy knows the unit.
  const bool unified_is_root = !unified || *unified == "/";
  return unified_is_root && systemd ? systemd : unified;
}

}  // namespace portwatch
