#include "userspace/source/ring_files.h"

#include <fcntl.h>

#include <charconv>
#include <string>

#include "userspace/base/unique_fd.h"
#include "userspace/source/proc_dir.h"
#include "userspace/source/proc_parse.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr std::string_view kRingLink = "anon_inode:[io_uring]";

// The number that `text` begins with, and what follows it.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto start = text.find_first_not_of(" \t");
  text.remove_prefix(start == std::string_view::npos ? text.size() : start);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

bool take_word(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) {
    return false;
  }
  text.remove_prefix(word.size());
  return true;
}

// "    0: socket:[2447959]"
void take_slot(std::string_view line, RingFacts& facts) {
  int slot = 0;
  std::uint64_t inode = 0;
  if (take_number(line, slot) && take_word(line, ": socket:[") &&
      take_number(line, inode)) {
    facts.sockets.emplace_back(slot, inode);
  }
}

// The rings of one process.
void look_into(int process, const ProcessId& owner,
               const std::set<std::uint64_t>& sockets,
               std::vector<RingFile>& found) {
  const UniqueFd fds(openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fds.valid()) {
    return;
  }
  NumberLister lister;
  lister.for_each(fds.get(), [&](const char* name, int) {
    if (read_link_at(fds.get(), name) != kRingLink) {
      return true;
    }
    const auto text =
        read_file_at(process, ("fdinfo/" + std::string(name)).c_str());
    const RingFacts ring = parse_ring_fdinfo(text.value_or(""));
    for (const auto& [slot, inode] : ring.sockets) {
      if (sockets.contains(inode)) {
        found.push_back({inode, ring.inode, slot, owner});
      }
    }
    return true;
  });
}

}  // namespace

RingFacts parse_ring_fdinfo(std::string_view bytes) {
  RingFacts facts;
  bool in_files = false;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (take_word(line, "ino:")) {
      take_number(line, facts.inode);
    } else if (take_word(line, "UserFiles:")) {
      in_files = true;
    } else if (in_files && (line.empty() || line[0] != ' ')) {
      in_files = false;  // the next list
    } else if (in_files) {
      take_slot(line, facts);
    }
  }
  return facts;
}

std::vector<RingFile> find_ring_files(const std::set<std::uint64_t>& sockets) {
  std::vector<RingFile> found;
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc.valid()) {
    return found;
  }
  for (const pid_t pid : list_processes(proc.get())) {
    const UniqueFd process(openat(proc.get(), std::to_string(pid).c_str(),
                                  O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto stat = read_file_at(process.get(), "stat");
    const auto facts = stat ? parse_stat(*stat) : std::nullopt;
    if (facts) {
      look_into(process.get(), {pid, facts->start_ticks}, sockets, found);
    }
  }
  return found;
}

}  // namespace portwatch
