// words.h - facts of the model in words for people. All text is escape()d.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"
#include "userspace/model/loop.h"

namespace portwatch::cli {

// 0.0.0.0, ::
bool is_unspecified(const Endpoint& endpoint);

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

// "exit 1", "SIGKILL"; empty when not known.
std::string exit_words(const std::optional<ExitStatus>& status);

// "python3(4242)": for chains and tables.
std::string brief_words(const Process& process);

// "python3(4242)  alice  demo.service": who did it, for a line.
std::string actor_words(const Process& process);

// "python3(4242) on 0.0.0.0:5055", "the kernel on ...": who a socket belongs to.
std::string owner_words(const Binding& binding);

// The same of several, at most three; "nothing that is a socket" of none.
std::string blockers_words(const std::vector<Binding>& blockers);

// "demo.service", "/usr/bin/x -y (alice)".
std::string subject_words(const Subject& subject);

// "nginx (pids 700, 701, 702 and 5 more) and systemd (pid 1)".
std::string holders_words(const std::vector<Process>& holders);

// "alice (uid 1000)", "uid 1000"; empty when not known.
std::string user_words(const Process& process);

// "red (4026532600)", "4026532600".
std::string netns_words(const Binding& binding);

// "docker:0123456789ab (web)", or the one of both that is known; "" for neither.
std::string container_words(const std::optional<std::string>& container,
                            const std::optional<std::string>& name);

// "port 80 of container docker:0123456789ab (web) at 172.17.0.2", or as much of
// it as is known.
std::string published_words(const PublishedPort& published);

// home_of(), with the container's name; of a proxy also whom it is for.
std::string home_words(const Process& process);

// Where a process belongs: its container, else its unit; empty when neither.
std::string_view home_of(const Process& process);

}  // namespace portwatch::cli
