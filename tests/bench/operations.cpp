// operations.cpp - how long single socket operations take: one line each,
// "NAME NANOSECONDS", the median of some batches; all, or those that are named.
// overhead.py runs it with the hooks attached and without, in turn.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

namespace {

constexpr int kBatches = 5;  // overhead.py has its rounds

sockaddr_in loopback(int port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return place;
}

int must(long result) {
  if (result < 0) {
    std::perror("bench_operations");
    std::exit(1);
  }
  return static_cast<int>(result);
}

int bound(int type, int port) {
  const int fd = must(socket(AF_INET, type, 0));
  const int one = 1;
  must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one));
  const sockaddr_in place = loopback(port);
  must(bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place));
  return fd;
}

struct Bench {
  std::vector<std::string_view> wanted;

  void measure(std::string_view name, int count,
               const std::function<void()>& operation) const;
};

void Bench::measure(std::string_view name, int count,
                    const std::function<void()>& operation) const {
  if (!wanted.empty() &&
      std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
    return;
  }
  using Clock = std::chrono::steady_clock;
  std::vector<double> batches;
  for (int batch = 0; batch < kBatches; ++batch) {
    const auto begun = Clock::now();
    for (int i = 0; i < count; ++i) {
      operation();
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - begun;
    batches.push_back(took.count() / count);
  }
  std::nth_element(batches.begin(), batches.begin() + kBatches / 2, batches.end());
  std::printf("%.*s %.1f\n", static_cast<int>(name.size()), name.data(),
              batches[kBatches / 2]);
}

// Ends by reset, so that no TIME_WAIT fills the tables.
void connect_accept_close(int listener, int port) {
  const int client = must(socket(AF_INET, SOCK_STREAM, 0));
  const linger abort{1, 0};
  must(setsockopt(client, SOL_SOCKET, SO_LINGER, &abort, sizeof abort));
  const sockaddr_in place = loopback(port);
  must(connect(client, reinterpret_cast<const sockaddr*>(&place), sizeof place));
  const int accepted = must(accept(listener, nullptr, nullptr));
  close(client);
  close(accepted);
}

}  // namespace

int main(int argc, char** argv) {
  const Bench bench{{argv + 1, argv + argc}};
  const int null = must(open("/dev/null", O_RDONLY));
  bench.measure("getpid", 200'000, [] { syscall(SYS_getpid); });
  bench.measure("dup+close", 100'000, [&] { close(dup(null)); });
  bench.measure("socket+close", 10'000,
                [] { close(must(socket(AF_INET, SOCK_STREAM, 0))); });
  bench.measure("tcp-bind+close", 10'000, [] { close(bound(SOCK_STREAM, 9101)); });
  bench.measure("udp-bind+close", 10'000, [] { close(bound(SOCK_DGRAM, 9102)); });
  bench.measure("bind+listen+close", 10'000, [] {
    const int fd = bound(SOCK_STREAM, 9103);
    must(listen(fd, 1));
    close(fd);
  });
  const int listener = bound(SOCK_STREAM, 9104);
  must(listen(listener, 16));
  bench.measure("connect+accept+close", 2'000,
                [&] { connect_accept_close(listener, 9104); });
  const int sender = bound(SOCK_DGRAM, 9105);
  const sockaddr_in sink = loopback(9105);
  bench.measure("udp-sendto", 10'000, [&] {
    char byte;
    must(sendto(sender, "x", 1, 0, reinterpret_cast<const sockaddr*>(&sink),
                sizeof sink));
    must(recv(sender, &byte, 1, 0));
  });
}
