// managers_in_use.h - which container managers have a process running here.
#pragma once

#include <set>
#include <string>

namespace portwatch {

// "docker", "podman"...: those whose cgroups some process below `proc` is in. Costs
// one small file a process.
std::set<std::string> managers_in_use(const std::string& proc = "/proc");

}  // namespace portwatch
