// news.h - a host whose daemon is watched: its events, one after the other.
#pragma once

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/host.h"

namespace portwatch::test {

class News : public Host {
 protected:
  // Starts a watch and returns when it is subscribed.
  std::unique_ptr<Background> watch(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {PORTWATCH, "--socket", socket_path(), "watch", "--json"});
    auto started = std::make_unique<Background>(arguments, false);
    while (status()["subscribers"] == 0) {
    }
    return started;
  }
  Json status() const { return Json::parse(ask({"status", "--json"}).out); }
  // The next event of `events`; null when none comes.
  static Json next(Background& events) {
    return Json::parse(events.read_line(), nullptr, false);
  }
  // Past events of one type about the port, oldest first.
  std::vector<Json> told(const std::string& type, Port port) const {
    const auto said = ask({"watch", "-n", "1000", "--event", type, "--port",
                           std::to_string(port), "--timeout", "0.1s", "--json"});
    std::vector<Json> found;
    for (std::size_t at = 0, end = 0;
         (end = said.out.find('\n', at)) != std::string::npos; at = end + 1) {
      found.push_back(Json::parse(said.out.substr(at, end - at)));
    }
    return found;
  }
  Json json(const std::vector<std::string>& arguments) const {
    auto words = arguments;
    words.push_back("--json");
    const auto said = ask(words);
    const Json document = Json::parse(said.out, nullptr, false);
    EXPECT_TRUE(document.is_object()) << said.out << said.err;
    return document;
  }
  // We hold it. So may, for a moment, what we have just forked to ask.
  static bool is_ours(const Json& binding) {
    const auto all = pids(binding);
    return std::count(all.begin(), all.end(), getpid()) == 1;
  }
  // Writes the daemon's configuration; before start_daemon().
  void configure(const std::string& toml) const {
    std::ofstream(directory_ / "portwatchd.toml") << toml;
  }
};

}  // namespace portwatch::test
