#include "fallback/fd_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "userspace/base/unique_fd.h"
#include "userspace/source/proc_dir.h"
#include "userspace/source/proc_parse.h"
#include "userspace/source/read_file.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxThreads = 4;
constexpr std::size_t kWorthAThread = 100;  // processes; starting one is ~50 us
constexpr std::size_t kChunk = 8;           // processes taken at a time

struct Job {
  const WantedSockets& wanted;
  ScanDepth depth;
  int proc;
  const std::vector<pid_t>& pids;
  std::atomic<std::size_t> next{0};
};

class Worker {
 public:
  explicit Worker(Job& job) : job_(job) {}

  void run() {
    for (;;) {
      const std::size_t first = job_.next.fetch_add(kChunk);
      if (first >= job_.pids.size()) {
        return;
      }
      const std::size_t end = std::min(first + kChunk, job_.pids.size());
      for (std::size_t i = first; i < end; ++i) {
        scan_process(job_.pids[i]);
      }
    }
  }

  FdScan& result() { return result_; }

 private:
  void scan_process(pid_t pid) {
    pid_ = pid;
    std::snprintf(path_.data(), path_.size(), "%d/fd", pid);
    const UniqueFd table(open_directory());
    if (!table.valid()) {
      note_refusal(errno);
      return;
    }
    const std::size_t seen = scan_table(table.get());
    // A main thread that has ended has no table left; its threads may well.
    if ((seen == 0 || job_.depth == ScanDepth::threads) && has_threads()) {
      scan_threads();
    }
  }

  UniqueFd open_directory() const {
    return UniqueFd(
        openat(job_.proc, path_.data(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  void note_refusal(int error) {
    const bool refused = error == EACCES || error == EPERM;
    if (refused && (result_.refused.empty() || result_.refused.back() != pid_)) {
      result_.refused.push_back(pid_);
    }
  }

  // Descriptors seen. To list them takes the right to read a directory, to
  // follow them takes ptrace rights: root may have the one without the other.
  std::size_t scan_table(int table) {
    std::size_t seen = 0;
    fds_.for_each(table, [&](const char* name, int fd) {
      std::array<char, 64> link;  // longer ones are no socket
      const ssize_t length = readlinkat(table, name, link.data(), link.size());
      ++seen;
      if (length < 0) {
        note_refusal(errno);
        return errno != EACCES;
      }
      note(socket_inode_of_link(link.data(), static_cast<std::size_t>(length)), fd);
      return true;
    });
    return seen;
  }

  void note(std::uint64_t inode, int fd) {
    const auto& inodes = job_.wanted.inodes;
    if (inode != 0 && (job_.wanted.all ||
                       std::binary_search(inodes.begin(), inodes.end(), inode))) {
      result_.found.push_back({inode, pid_, fd});
    }
  }

  // /proc/PID/task counts the threads in its links (proc_task_getattr).
  bool has_threads() {
    std::snprintf(path_.data(), path_.size(), "%d/task", pid_);
    struct stat facts {};
    return fstatat(job_.proc, path_.data(), &facts, 0) == 0 && facts.st_nlink > 3;
  }

  void scan_threads() {
    const UniqueFd tasks = open_directory();  // has_threads() left "PID/task"
    std::vector<int> threads;
    fds_.for_each(tasks.get(), [&](const char*, int tid) {
      threads.push_back(tid);
      return true;
    });
    for (const int tid : threads) {
      std::snprintf(path_.data(), path_.size(), "%d/task/%d/fd", pid_, tid);
      const UniqueFd table = open_directory();
      if (table.valid()) {
        scan_table(table.get());
      }
    }
  }

  Job& job_;
  FdScan result_;
  NumberLister fds_;
  pid_t pid_ = 0;
  std::array<char, 64> path_;
};

void add(FdScan& whole, FdScan& part) {
  whole.found.insert(whole.found.end(), part.found.begin(), part.found.end());
  whole.refused.insert(whole.refused.end(), part.refused.begin(),
                       part.refused.end());
}

std::size_t worker_count(std::size_t processes) {
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  return std::min({kMaxThreads, cores, 1 + processes / kWorthAThread});
}

FdScan run_workers(Job& job) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < worker_count(job.pids.size()); ++i) {
    workers.push_back(std::make_unique<Worker>(job));
  }
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 1; i < workers.size(); ++i) {
      threads.emplace_back([&worker = *workers[i]] { worker.run(); });
    }
  } catch (const std::system_error&) {
    // A limit on threads: the others, or this one alone, do all the work.
  }
  workers.front()->run();
  for (std::thread& thread : threads) {
    thread.join();
  }
  FdScan whole;
  for (const auto& worker : workers) {
    add(whole, worker->result());
  }
  return whole;
}

bool is_kernel_thread(int proc, pid_t pid) {
  const auto stat = read_file_at(proc, (std::to_string(pid) + "/stat").c_str());
  const auto facts = stat ? parse_stat(*stat) : std::nullopt;
  return !facts || facts->kernel_thread;
}

}  // namespace

std::uint64_t socket_inode_of_link(const char* text, std::size_t length) {
  constexpr char kStart[] = "socket:[";
  constexpr std::size_t kStartLength = sizeof kStart - 1;
  if (length <= kStartLength || std::memcmp(text, kStart, kStartLength) != 0) {
    return 0;
  }
  std::uint64_t inode = 0;
  const char* const end = text + length;
  const auto parsed = std::from_chars(text + kStartLength, end, inode);
  return parsed.ec == std::errc{} && parsed.ptr + 1 == end && *parsed.ptr == ']'
             ? inode
             : 0;
}

Result<FdScan> scan_fds(const WantedSockets& wanted, ScanDepth depth,
                        const std::string& proc) {
  const UniqueFd root(open(proc.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) {
    return errno_error(errno, "cannot open " + proc);
  }
  const std::vector<pid_t> pids = list_processes(root.get());
  Job job{wanted, depth, root.get(), pids};
  FdScan scan = run_workers(job);
  std::sort(scan.found.begin(), scan.found.end());
  scan.found.erase(std::unique(scan.found.begin(), scan.found.end()),
                   scan.found.end());
  auto& refused = scan.refused;
  refused.erase(
      std::remove_if(refused.begin(), refused.end(),
                     [&](pid_t pid) { return is_kernel_thread(root.get(), pid); }),
      refused.end());
  std::sort(refused.begin(), refused.end());
  // Every pid namespace has a process 1; it is unlisted only when hidden.
  scan.hidden = pids.empty() || pids.front() != 1;
  return scan;
}

}  // namespace portwatch
