// hook_log.h - what hooks have to say; the daemon decides where it goes.
#pragma once

#include <functional>
#include <string>

namespace portwatch {

enum class HookLevel { info, warning };
// One line without a newline, legible on a terminal.
using HookLog = std::function<void(HookLevel, const std::string&)>;

}  // namespace portwatch
