// print_doctor.cpp - the page of `doctor`: the ports, what is wrong, what would
// help.
#include <algorithm>
#include <array>

#include "cli/doctor.h"
#include "cli/exit_code.h"
#include "cli/group.h"
#include "cli/page_rows.h"
#include "cli/print_doctor.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/verdict.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

using PortLine =
    std::array<std::string, 5>;  // port, state, process, start, program

std::string asked_words(const PortSpec& port) {
  const std::string number = std::to_string(port.port);
  return port.protocol ? number + "/" + std::string(to_string(*port.protocol))
                       : number;
}

std::string start_words(const Process& process, const View& view) {
  return process.start_time ? time_for_people(*process.start_time, view.now) : "-";
}

PortLine line_of(const Group& group, const View& view) {
  const Binding& binding = group.first();
  PortLine line = {port_words(binding.endpoint),
                   std::string(to_string(binding.state)), "(nobody)", "-", "-"};
  if (is_hidden(binding)) {
    line[2] = "(hidden)";
  } else if (binding.held_by == HeldBy::kernel) {
    line[2] = "(kernel)";
  }
  if (!group.holders.empty()) {
    const Process& leader = group.holders.front();
    const std::size_t others = group.holders.size() - 1;
    line[2] =
        brief_words(leader) + (others == 0 ? "" : ",+" + std::to_string(others));
    line[3] = start_words(leader, view);
    line[4] = leader.exe ? escape(*leader.exe) : "-";
  }
  return line;
}

void add_lines(const DoctorFacts& facts, const PortSpec& port, const View& view,
               std::vector<PortLine>& lines) {
  Answer answer;
  answer.bindings = sockets_on(facts, port);
  const std::vector<Group> groups = group_bindings(answer);
  for (const Group& group : groups) {
    lines.push_back(line_of(group, view));
  }
  if (groups.empty()) {
    lines.push_back({asked_words(port),
                     has_gap(facts.sockets, "sockets") ? "unknown" : "free", "-",
                     "-", "-"});
  }
}

std::string port_table(const DoctorFacts& facts, const View& view) {
  std::vector<PortLine> lines = {
      {"PORT", "STATE", "PROCESS", "STARTED", "PROGRAM"}};
  for (const PortSpec& port : facts.ports) {
    add_lines(facts, port, view, lines);
  }
  std::array<std::size_t, 5> widths{};
  for (const PortLine& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], columns(line[i]));
    }
  }
  std::string table;
  for (const PortLine& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i + 1 == line.size() ? line[i] : pad(line[i], widths[i] + 2);
    }
    text = cut(text, view.width);
    table += (&line == &lines.front() ? view.style.faint(text) : text) + "\n";
  }
  return table;
}

std::string finding_section(const Finding& finding, const View& view) {
  PageRows rows(view.style, view.width);
  for (const std::string& evidence : finding.evidence) {
    rows.add("evidence", evidence);
  }
  for (const Remedy& remedy : finding.remedies) {
    rows.add("what helps", remedy.text);
    if (remedy.command) {
      rows.add("what helps", "  " + *remedy.command);
    }
  }
  const std::string head = finding.note ? view.style.faint("note: ") + finding.text
                                        : view.style.strong("problem: ") +
                                              view.style.warning(finding.text);
  return head + "\n" + rows.text();
}

std::string summary(const std::vector<Finding>& findings, int code) {
  if (code == kNo) {
    const auto problems =
        std::count_if(findings.begin(), findings.end(),
                      [](const Finding& finding) { return !finding.note; });
    return count_of(static_cast<std::size_t>(problems), "problem") + "\n";
  }
  return code == kYes ? "nothing is wrong\n"
                      : "nothing found, but not everything could be seen\n";
}

std::string gap_rows(const std::vector<Missing>& missing, const Style& style) {
  PageRows rows(style, 0);
  for (const Missing& gap : missing) {
    rows.add_warning("partial", escape(to_string(gap)));
  }
  return rows.text();
}

std::string port_row(const Binding& binding) {
  std::string row = "port\t" + port_words(binding.endpoint) + "\t" +
                    std::string(to_string(binding.state)) + "\t";
  if (!binding.holders || binding.holders->empty()) {
    return row + "-\t-\t-\t-\n";
  }
  const Process& holder = binding.holders->front();
  row += std::to_string(holder.id.pid) + "\t" + name_words(holder) + "\t";
  row += holder.exe ? escape(*holder.exe) : "-";
  row += "\t";
  row += holder.start_time ? to_rfc3339(*holder.start_time) : "-";
  return row + "\n";
}

std::string port_rows(const PortSpec& port, const DoctorFacts& facts) {
  std::string text;
  for (const Binding& binding : sockets_on(facts, port)) {
    text += port_row(binding);
  }
  return text.empty() ? "port\t" + asked_words(port) + "\tfree\t-\t-\t-\t-\n"
                      : text;
}

}  // namespace

std::string doctor_page(const DoctorFacts& facts,
                        const std::vector<Finding>& findings, const View& view) {
  std::string page;
  if (!facts.ports.empty()) {
    page = port_table(facts, view) + "\n";
  }
  for (const Finding& finding : findings) {
    page += finding_section(finding, view) + "\n";
  }
  return page + summary(findings, doctor_verdict(facts, findings)) +
         gap_rows(doctor_gaps(facts), view.style);
}

std::string doctor_plain(const DoctorFacts& facts,
                         const std::vector<Finding>& findings) {
  std::string text;
  for (const PortSpec& port : facts.ports) {
    text += port_rows(port, facts);
  }
  for (const Finding& finding : findings) {
    const std::string code(finding.code);
    text += "finding\t" + code + "\t" + (finding.note ? "note" : "problem") + "\t" +
            (finding.port ? std::to_string(*finding.port) : "-") + "\t" +
            finding.text + "\t" +
            (finding.netns != 0 ? std::to_string(finding.netns) : "-") + "\t" +
            (finding.netns_name ? escape(*finding.netns_name) : "-") + "\n";
    for (const std::string& evidence : finding.evidence) {
      text += "evidence\t";
      text += code;
      text += "\t";
      text += evidence;
      text += "\n";
    }
    for (const Remedy& remedy : finding.remedies) {
      text += "remedy\t" + code + "\t" + remedy.text + "\t" +
              remedy.command.value_or("-") + "\n";
    }
  }
  return text;
}

std::vector<Missing> doctor_gaps(const DoctorFacts& facts) {
  Answer all;
  for (const Missing& gap : facts.sockets.missing) {
    all.miss(gap);
  }
  for (const auto* answer : {&facts.failures, &facts.loops}) {
    if (*answer) {
      for (const Missing& gap : (*answer)->missing) {
        all.miss(gap);
      }
    }
  }
  return all.missing;
}

}  // namespace portwatch::cli
