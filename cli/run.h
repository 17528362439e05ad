// run.h - the whole command as a function.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace portwatch::cli {

// `arguments` without the name of the program; returns the exit code. Options
// may stand before the command too: `portwatch --json who 5055`.
int run(const std::vector<std::string>& arguments, Context& context);

}  // namespace portwatch::cli
