// storm.cpp - binds, listens and closes at a steady rate. scale.py runs it.
//
//   bench_storm CYCLES_PER_SECOND SECONDS FIRST_PORT
//
// One thread; each cycle is socket, bind, listen, close on one of 1,000 ports.
// Prints the rate that it reached: less than asked for when the machine is slower.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPorts = 1000;
constexpr std::chrono::milliseconds kTick{1};

void must(long result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
}

void cycle(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  must(fd, "socket");
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  must(bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place), "bind");
  must(listen(fd, 1), "listen");
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: bench_storm CYCLES_PER_SECOND SECONDS FIRST_PORT\n", stderr);
    return 2;
  }
  const long per_second = std::atol(argv[1]);
  const long wanted = per_second * std::atol(argv[2]);
  const int first_port = std::atoi(argv[3]);
  const auto begun = Clock::now();
  const auto end = begun + std::chrono::seconds(std::atol(argv[2]));
  long done = 0;
  while (done < wanted && Clock::now() < end) {
    const std::chrono::duration<double> gone = Clock::now() - begun;
    const long due =
        static_cast<long>(gone.count() * static_cast<double>(per_second));
    for (; done < due && done < wanted; ++done) {
      cycle(first_port + static_cast<int>(done % kPorts));
    }
    std::this_thread::sleep_for(kTick);  // the rate is asked for
  }
  const std::chrono::duration<double> took = Clock::now() - begun;
  std::printf("%ld %.0f\n", done, static_cast<double>(done) / took.count());
  return 0;
}
