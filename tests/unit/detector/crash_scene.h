// crash_scene.h - servers that live and die, for the tests of crash_loop.h.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/detector/scene.h"
#include "userspace/detector/crash_loop.h"

namespace portwatch::test {

inline constexpr ChangeType kCrashLoop = ChangeType::crash_loop;

struct CrashScene : ::testing::Test, Watched<CrashLoop> {
  Process server() { return process_of_unit(++pid_, "web.service"); }
  std::string id() { return std::to_string(++id_); }
  // Takes the port, lives, ends; the kernel tells of the end first.
  void live(const Process& who, std::optional<ExitStatus> status,
            std::chrono::nanoseconds how_long = 1s, Port port = 8080) {
    const Binding socket = binding(who, port, id());
    see(bound(socket));
    see(listens(socket));
    tick(how_long);
    see(ended(who, status));
    see(released(socket));
    tick(1s);
  }
  void live(int times, std::optional<ExitStatus> status) {
    for (int i = 0; i < times; ++i) {
      live(server(), status);
    }
  }
  void fail_and_end(const Process& who, std::optional<ExitStatus> status,
                    std::chrono::nanoseconds after = 1ms) {
    see(failed(who, 8080, {binding(process(7), 8080, "blocker")}));
    tick(after);
    see(ended(who, status));
    tick(1s);
  }
  pid_t pid_ = 100;
  int id_ = 0;
};

}  // namespace portwatch::test
