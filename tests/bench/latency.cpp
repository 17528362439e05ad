// latency.cpp - how long the daemon lets its clients wait. latency.py runs it.
//
//   bench_latency echo COUNT THINK_US
//                       what a question and its answer take any two processes here,
//                       beside the time to think: read, write, wake-ups
//   bench_latency who SOCKET PORT COUNT     a question about PORT on one connection
//   bench_latency watch SOCKET PORT COUNT PAUSE_US
//                       from the return of bind(2) on PORT to a subscriber's line
//   bench_latency refused SOCKET PORT COUNT PAUSE_US
//                       the same of a bind that is refused, the port is taken
//
// Prints "P50 P99" in microseconds. Speaks Varlink by hand and parses nothing, so
// that what is measured is the daemon.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kWarmUp = 10;

int must(long result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::exit(1);
  }
  return static_cast<int>(result);
}

int connect_to(const char* path) {
  sockaddr_un place{};
  place.sun_family = AF_UNIX;
  std::strncpy(place.sun_path, path, sizeof place.sun_path - 1);
  const int fd = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  must(connect(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place), path);
  return fd;
}

// The terminating NUL is part of the message.
void send_call(int fd, const std::string& json) {
  must(write(fd, json.c_str(), json.size() + 1), "write");
}

// As the command waits: who sleeps in read(2) is woken for nothing when the other
// end has read the question, because there is room to write again.
void await_bytes(int fd) {
  pollfd one{fd, POLLIN, 0};
  must(poll(&one, 1, -1), "poll");
}

std::string read_reply(int fd) {
  std::string reply;
  char buffer[65536];
  do {
    await_bytes(fd);
    const long count = must(read(fd, buffer, sizeof buffer), "read");
    if (count == 0) {
      std::fputs("bench_latency: the daemon hung up\n", stderr);
      std::exit(1);
    }
    reply.append(buffer, static_cast<std::size_t>(count));
  } while (reply.back() != '\0');
  return reply;
}

void report(std::vector<double> times) {
  times.erase(times.begin(), times.begin() + kWarmUp);
  std::sort(times.begin(), times.end());
  std::printf("%.1f %.1f\n", times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

double microseconds_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

void ask(const char* path, const std::string& port, int count) {
  const int fd = connect_to(path);
  const std::string question =
      R"({"method":"io.portwatch.Who","parameters":{"port":)" + port + "}}";
  std::vector<double> times;
  for (int i = 0; i < count + kWarmUp; ++i) {
    const auto begun = Clock::now();
    send_call(fd, question);
    const std::string reply = read_reply(fd);
    times.push_back(microseconds_since(begun));
    if (reply.find("\"port\":" + port) == std::string::npos) {
      std::fprintf(stderr, "bench_latency: unexpected: %s\n", reply.c_str());
      std::exit(1);
    }
  }
  report(std::move(times));
}

constexpr std::size_t kQuestion = 64;  // bytes, about as long as those of Who
constexpr std::size_t kAnswer = 1024;

[[noreturn]] void answer_all(int fd, double think_us) {
  char question[kQuestion];
  const char answer[kAnswer] = {};
  while (read(fd, question, sizeof question) > 0) {
    const auto begun = Clock::now();
    while (microseconds_since(begun) < think_us) {
    }
    must(write(fd, answer, sizeof answer), "write");
  }
  _exit(0);
}

void echo(int count, double think_us) {
  int ends[2];
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "socketpair");
  if (must(fork(), "fork") == 0) {
    close(ends[0]);
    answer_all(ends[1], think_us);
  }
  close(ends[1]);
  const char question[kQuestion] = {};
  char answer[kAnswer];
  std::vector<double> times;
  for (int i = 0; i < count + kWarmUp; ++i) {
    const auto begun = Clock::now();
    must(write(ends[0], question, sizeof question), "write");
    must(recv(ends[0], answer, sizeof answer, MSG_WAITALL), "recv");
    times.push_back(microseconds_since(begun) - think_us);
  }
  report(std::move(times));
}

void await_subscription(const char* path) {
  const int fd = connect_to(path);
  std::string status;
  do {
    send_call(fd, R"({"method":"io.portwatch.Status"})");
    status = read_reply(fd);
  } while (status.find("\"subscribers\":0") != std::string::npos);
  close(fd);
}

sockaddr_in place_of(const std::string& port) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return place;
}

int try_bind(int fd, const sockaddr_in& place) {
  return bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place);
}

// A server that has the port already; -1 where binds are to succeed.
int first_server(bool refused, const sockaddr_in& place) {
  if (!refused) {
    return -1;
  }
  const int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
  must(try_bind(fd, place), "bind");
  must(listen(fd, 1), "listen");
  return fd;
}

void watch(const char* path, const std::string& port, int count, int pause_us,
           bool refused) {
  const sockaddr_in place = place_of(port);
  const int first = first_server(refused, place);
  const int fd = connect_to(path);
  const std::string event = refused ? "bindFailed" : "bind";
  send_call(
      fd, R"({"method":"io.portwatch.Watch","more":true,"parameters":{"ports":[)" +
              port + R"(],"events":[")" + event + R"("]}})");
  await_subscription(path);
  std::vector<double> times;
  for (int i = 0; i < count + kWarmUp; ++i) {
    const int taken = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    if ((try_bind(taken, place) != 0) != refused) {
      std::perror("bind");
      std::exit(1);
    }
    const auto begun = Clock::now();
    read_reply(fd);
    times.push_back(microseconds_since(begun));
    close(taken);
    usleep(static_cast<useconds_t>(pause_us));  // what is measured: after a rest
  }
  close(first);
  report(std::move(times));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "echo") {
    echo(std::atoi(argv[2]), std::atof(argv[3]));
  } else if (argc == 5 && std::string(argv[1]) == "who") {
    ask(argv[2], argv[3], std::atoi(argv[4]));
  } else if (argc == 6 && (std::string(argv[1]) == "watch" ||
                           std::string(argv[1]) == "refused")) {
    watch(argv[2], argv[3], std::atoi(argv[4]), std::atoi(argv[5]),
          std::string(argv[1]) == "refused");
  } else {
    std::fputs(
        "usage: bench_latency echo COUNT THINK_US\n"
        "       bench_latency who SOCKET PORT COUNT\n"
        "       bench_latency watch|refused SOCKET PORT COUNT PAUSE_US\n",
        stderr);
    return 2;
  }
  return 0;
}
