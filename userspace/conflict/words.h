// words.h - processes, sockets and times in the sentences of an explanation.
//
// Nothing is escaped: names are what processes say of themselves, and who prints
// them escapes them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/model/binding.h"

namespace portwatch {

std::string joined(const std::vector<std::string>& words);      // "a, b and c"
std::string counted(std::size_t count, std::string_view noun);  // "3 sockets"

// SO_BINDTODEVICE: "lo", or its index where the name is not known; empty: any.
std::string device_text(const Binding& binding);
// Each place once: "0.0.0.0:80/tcp and [::]:80/tcp on interface lo".
std::string places_text(std::span<const Binding> bindings);

// " since 10:42:17", local time, with the day on other days than `now`'s: of the
// oldest. Empty when it is not known.
std::string since_text(std::span<const Binding> bindings, WallTime now);
std::string clock_text(WallTime when, WallTime now);

// The processes that hold the sockets, those that started the others only: nginx
// without its workers. Its creators where holders were not looked at.
std::vector<Process> owners_of(std::span<const Binding> bindings);
// How many hold them beside the owners.
std::size_t others_of(std::span<const Binding> bindings);

std::string name_of(const Process& process);
// "python3 (pid 1234, root)", "nginx (pid 700, root, nginx.service)".
std::string process_text(const Process& process);
// All owners and how many hold it beside them; "somebody who is not visible" when
// there are none.
std::string who_text(std::span<const Binding> bindings);
// Of an owner without unit and container: ", command: python3 -m http.server".
std::string command_text(std::span<const Binding> bindings);

// "container web (docker:0123456789ab)"; empty when both are not known.
std::string container_text(const std::optional<std::string>& container,
                           const std::optional<std::string>& name);

}  // namespace portwatch
