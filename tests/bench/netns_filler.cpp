// netns_filler.cpp - a host with many network namespaces. scale.py runs it.
//
//   bench_netns_filler NAMESPACES PORT
//
// One process in each namespace, listening on 0.0.0.0:PORT. Prints "ready" when all
// listen; ends, with all of them, when its stdin closes. Needs CAP_SYS_ADMIN.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

bool listen_alone(int port) {
  if (unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  return fd >= 0 &&
         bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 &&
         listen(fd, 1) == 0;
}

[[noreturn]] void live(int port, int report) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char answer = listen_alone(port) ? '+' : '-';
  if (write(report, &answer, 1) != 1 || answer != '+') {
    _exit(1);
  }
  for (;;) {
    pause();
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::array<int, 2> report{};
  if (argc != 3 || pipe(report.data()) != 0) {
    std::fputs("usage: bench_netns_filler NAMESPACES PORT\n", stderr);
    return 2;
  }
  const int count = std::atoi(argv[1]);
  for (int i = 0; i < count; ++i) {
    if (fork() == 0) {
      live(std::atoi(argv[2]), report[1]);
    }
    char answer = '-';
    if (read(report[0], &answer, 1) != 1 || answer != '+') {
      std::perror("bench_netns_filler: a namespace could not be made");
      return 1;
    }
  }
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;  // the children are killed with us
}
