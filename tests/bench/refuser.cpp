// refuser.cpp - processes that try to bind a port that is taken, and exit at once.
// refusals.py runs it.
//
//   bench_refuser PORT COUNT     prints the seconds that it took
//
// vfork: the next one starts when the one before is gone; it is the fastest way.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_refuser PORT COUNT\n", stderr);
    return 2;
  }
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* address = reinterpret_cast<const sockaddr*>(&place);
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, address, sizeof place) != 0 || listen(server, 1) != 0) {
    std::perror("bind");
    return 1;
  }
  const auto begun = std::chrono::steady_clock::now();
  for (int i = std::atoi(argv[2]); i > 0; --i) {
    const pid_t pid = vfork();
    if (pid == 0) {
      const int late = socket(AF_INET, SOCK_STREAM, 0);
      _exit(bind(late, address, sizeof place) == 0 ? 1 : 0);
    }
    int status = 0;
    if (waitpid(pid, &status, 0) != pid || status != 0) {
      std::fputs("bench_refuser: a bind succeeded\n", stderr);
      return 1;
    }
  }
  std::printf("%.3f\n", std::chrono::duration<double>(
                            std::chrono::steady_clock::now() - begun)
                            .count());
  return 0;
}
