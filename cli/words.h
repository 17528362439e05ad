// words.h - facts of the model in words for people. All text is escape()d.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"

namespace portwatch::cli {

// "5055/tcp".
std::string port_words(const Endpoint& endpoint);

// What an address takes in: "all IPv4 addresses", "only this host"; with the
// interface it is bound to. Empty for an ordinary address.
std::string reach_words(const Binding& binding);

// "listening for connections", "bound, but not listening".
std::string state_words(const Binding& binding);

// "43s", rounded up; for the remaining time of a closing socket.
std::string seconds_words(std::chrono::milliseconds time);

// The name a process gave itself, else that of its program, else "?".
std::string name_words(const Process& process);

// "python3(4242)": for chains and tables.
std::string brief_words(const Process& process);

// "nginx (pids 700, 701, 702 and 5 more) and systemd (pid 1)".
std::string holders_words(const std::vector<Process>& holders);

// "alice (uid 1000)", "uid 1000"; empty when not known.
std::string user_words(const Process& process);

// "red (4026532600)", "4026532600".
std::string netns_words(const Binding& binding);

// Where a process belongs: its container, else its unit; empty when neither.
std::string_view home_of(const Process& process);

}  // namespace portwatch::cli
