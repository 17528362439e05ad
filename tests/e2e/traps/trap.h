// trap.h - one scenario that a toy falls into, made for real; the daemon and the
// command must answer rightly. The numbers are those of the list in README.md.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/e2e/host.h"

namespace portwatch::test {

class Trap : public Host {
 protected:
  void SetUp() override { start_daemon(); }

  Json answer(Port port) const {
    return Json::parse(ask({"who", std::to_string(port), "--json"}).out);
  }
  // What `who` says of the port in our namespace.
  std::vector<Json> all(Port port) const {
    return ours(ask({"who", std::to_string(port), "--json"}));
  }
  // The same, without what is left of closed connections.
  std::vector<Json> held(Port port) const {
    auto found = all(port);
    std::erase_if(found, [](const Json& b) { return b["state"] == "closing"; });
    return found;
  }
  // The only binding that is held; fails unless there is one.
  Json only(Port port) const {
    const auto found = held(port);
    EXPECT_EQ(found.size(), 1u) << Json(found).dump(1);
    return found.empty() ? Json{} : found[0];
  }
  std::vector<std::string> states(Port port) const {
    std::vector<std::string> found;
    for (const Json& binding : all(port)) {
      found.push_back(binding["state"]);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // Past events of one type about the port, oldest first.
  std::vector<Json> events(const std::string& type, Port port) const {
    const auto told = ask({"watch", "-n", "1000", "--event", type, "--port",
                           std::to_string(port), "--timeout", "0.1s", "--json"});
    std::vector<Json> found;
    for (std::size_t at = 0, end = 0;
         (end = told.out.find('\n', at)) != std::string::npos; at = end + 1) {
      found.push_back(Json::parse(told.out.substr(at, end - at)));
    }
    return found;
  }
  // Held by a message, a ring or the like, and by no process. A host that hides
  // process 1 from us cannot tell that, and must say so.
  void expect_in_flight(Port port) const {
    const Json said = answer(port);
    const Json binding = only(port);
    if (proc_shows_all()) {
      EXPECT_EQ(binding["heldBy"], "inFlight");
      EXPECT_EQ(binding["holders"], Json::array());
    } else {
      EXPECT_TRUE(binding["heldBy"].is_null()) << binding.dump(1);
      EXPECT_EQ(said["confidence"], "partial");
    }
  }
};

inline std::vector<pid_t> only_us() { return {getpid()}; }

}  // namespace portwatch::test
