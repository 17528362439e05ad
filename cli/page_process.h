// page_process.h - the rows of a page that describe the holders.
#pragma once

#include <vector>

#include "cli/page_rows.h"
#include "cli/print.h"
#include "userspace/model/process.h"

namespace portwatch::cli {

// Everything that is known of one holder.
void add_process(PageRows& rows, const Process& process, const View& view,
                 const Lineage& lineage);

// The holders after the first: a line each, aligned.
void add_others(PageRows& rows, const std::vector<Process>& holders);

}  // namespace portwatch::cli
