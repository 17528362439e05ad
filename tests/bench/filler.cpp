// filler.cpp - fills a host with processes, listeners and descriptors.
//
//   bench_filler PROCESSES LISTENERS DESCRIPTORS FIRST_PORT
//
// Every process listens on LISTENERS consecutive TCP ports of 127.0.0.1 (and when
// all of those to 65535 are taken, from FIRST_PORT on of 127.0.0.2 ...), has one
// connected UDP socket and DESCRIPTORS more of /dev/null. Prints "ready" when all
// listen; ends, with all of them, when its stdin closes. Bounded: see kMost*.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kMostProcesses = 4000;
constexpr int kMostListeners = 100;
constexpr int kMostDescriptors = 10000;

struct Load {
  int processes;
  int listeners;
  int descriptors;
  int first_port;
};

using Pipe = std::array<int, 2>;  // read end, write end

// `number`: of the listener, from 0.
bool listen_on(int first_port, int number) {
  const int ports = 65536 - first_port;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(first_port + number % ports));
  place.sin_addr.s_addr =
      htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(number / ports));
  return fd >= 0 &&
         bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 &&
         listen(fd, 1) == 0;
}

// What a resolver or a QUIC client leaves open: its port moves without an event.
bool connect_udp() {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(9);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return fd >= 0 &&
         connect(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
}

bool open_all(const Load& load, int index) {
  if (!connect_udp()) {
    return false;
  }
  for (int i = 0; i < load.listeners; ++i) {
    if (!listen_on(load.first_port, index * load.listeners + i)) {
      return false;
    }
  }
  for (int i = 0; i < load.descriptors; ++i) {
    if (open("/dev/null", O_RDONLY) < 0) {
      return false;
    }
  }
  return true;
}

// A child's whole life. It reports by one byte: '+' or the reason's errno.
[[noreturn]] void live(const Load& load, int index, const Pipe& report,
                       const Pipe& life) {
  close(life[1]);  // or its own copy would keep it alive
  const char answer = open_all(load, index) ? '+' : static_cast<char>(errno);
  char byte = 0;
  const bool told = write(report[1], &answer, 1) == 1;
  close(report[1]);
  _exit(told && read(life[0], &byte, 1) == 0 ? 0 : 1);
}

// True when every child reported that it is filled.
bool all_ready(const Load& load, int report) {
  for (int i = 0; i < load.processes; ++i) {
    char answer = 0;
    if (read(report, &answer, 1) != 1 || answer != '+') {
      std::fprintf(stderr, "bench_filler: a process could not fill itself: %s\n",
                   std::strerror(answer));
      return false;
    }
  }
  return true;
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int fill(const Load& load) {
  Pipe report{};
  Pipe life{};
  if (pipe(report.data()) != 0 || pipe(life.data()) != 0) {
    std::perror("bench_filler: pipe");
    return 1;
  }
  for (int i = 0; i < load.processes; ++i) {
    const pid_t child = fork();
    if (child < 0) {
      std::perror("bench_filler: fork");
      return 1;  // the children end with us: the pipe closes
    }
    if (child == 0) {
      live(load, i, report, life);
    }
  }
  close(report[1]);
  if (!all_ready(load, report[0])) {
    return 1;
  }
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  close(life[1]);
  while (wait(nullptr) > 0) {
  }
  return 0;
}

bool parse(char** arguments, Load& load) {
  load = {std::atoi(arguments[1]), std::atoi(arguments[2]), std::atoi(arguments[3]),
          std::atoi(arguments[4])};
  return load.processes >= 1 && load.processes <= kMostProcesses &&
         load.listeners >= 1 && load.listeners <= kMostListeners &&
         load.descriptors >= 0 && load.descriptors <= kMostDescriptors &&
         load.first_port >= 1 && load.first_port <= 65535;
}

}  // namespace

int main(int argc, char** argv) {
  Load load{};
  if (argc != 5 || !parse(argv, load)) {
    std::fputs(
        "usage: bench_filler PROCESSES LISTENERS DESCRIPTORS FIRST_PORT\n"
        "       at most 4000, 100, 10000, 65535\n",
        stderr);
    return 2;
  }
  raise_descriptor_limit();
  return fill(load);
}
