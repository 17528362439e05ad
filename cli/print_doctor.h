// print_doctor.h - what `doctor` found as text, see print.h.
#pragma once

#include <string>
#include <vector>

#include "cli/doctor.h"
#include "cli/print.h"

namespace portwatch::cli {

// Everything that could not be seen, each once.
std::vector<Missing> doctor_gaps(const DoctorFacts& facts);

std::string doctor_page(const DoctorFacts& facts,
                        const std::vector<Finding>& findings, const View& view);
// Rows "port", "finding", "evidence" and "remedy", see portwatch(1).
std::string doctor_plain(const DoctorFacts& facts,
                         const std::vector<Finding>& findings);
std::string doctor_json(const DoctorFacts& facts,
                        const std::vector<Finding>& findings);

}  // namespace portwatch::cli
