// print_event.cpp - one line of `watch` for people, and the gaps of an answer.
#include "cli/print.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

std::string process_words(const Process& process) {
  std::string text = brief_words(process);
  if (process.user) {
    text += "  " + escape(*process.user);
  }
  const std::string home = home_words(process);
  return home.empty() ? text : text + "  " + home;
}

std::string who_words(const Binding& binding) {
  if (binding.creator) {
    return process_words(*binding.creator);
  }
  if (binding.holders && !binding.holders->empty()) {
    return process_words(binding.holders->front());
  }
  return binding.held_by == HeldBy::kernel ? "(kernel)" : "-";
}

std::string binding_words(const Binding& binding, const View& view) {
  std::string text = pad(std::string(to_string(binding.endpoint.protocol)), 5) +
                     pad(endpoint_text(binding.endpoint), 22) + "  " +
                     who_words(binding);
  const bool foreign = view.own_netns != 0 && binding.netns != view.own_netns;
  return foreign ? text + "  netns " + netns_words(binding) : text;
}

std::string gap_words(const Change& change, const Style& style) {
  if (change.type == ChangeType::events_lost) {
    return style.warning(count_of(change.count, "event") +
                         " of the kernel lost; what follows may be incomplete");
  }
  return "compared with the kernel: " + count_of(change.repairs, "repair");
}

}  // namespace

std::string event_line(const Change& change, const View& view) {
  const std::string type = pad(std::string(to_string(change.type)), 8);
  std::string line = view.style.faint(local_time_ms(change.time)) + "  " +
                     view.style.strong(type) + "  ";
  line += change.binding ? binding_words(*change.binding, view)
                         : gap_words(change, view.style);
  return line + (change.reconstructed ? "  (found later)\n" : "\n");
}

std::string gap_lines(const Answer& answer) {
  std::string text;
  for (const Missing& gap : answer.missing) {
    text += "portwatch: partial: " + escape(to_string(gap)) + "\n";
  }
  return text;
}

}  // namespace portwatch::cli
