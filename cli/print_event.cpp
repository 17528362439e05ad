// print_event.cpp - one line of `watch` for people, and the gaps of an answer.
#include "cli/print.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

std::string who_words(const Binding& binding) {
  if (binding.creator) {
    return actor_words(*binding.creator);
  }
  if (binding.holders && !binding.holders->empty()) {
    return actor_words(binding.holders->front());
  }
  return binding.held_by == HeldBy::kernel ? "(kernel)" : "-";
}

bool is_foreign(std::uint32_t netns, const View& view) {
  return view.own_netns != 0 && netns != view.own_netns;
}

std::string place_words(const Endpoint& endpoint) {
  return pad(std::string(to_string(endpoint.protocol)) + " ", 5) +
         pad(endpoint_text(endpoint), 22) + "  ";
}

std::string binding_words(const Binding& binding, const View& view) {
  const std::string text = place_words(binding.endpoint) + who_words(binding);
  return is_foreign(binding.netns, view) ? text + "  netns " + netns_words(binding)
                                         : text;
}

std::string gap_words(const Change& change, const Style& style) {
  if (change.type == ChangeType::events_lost) {
    return style.warning(count_of(change.count, "event") +
                         " of the kernel lost; what follows may be incomplete");
  }
  return "compared with the kernel: " + count_of(change.repairs, "repair");
}

std::string error_words(const BindFailure& failure) {
  return std::string(to_string(failure.operation)) + ": " +
         error_name(failure.error);
}

std::string failure_words(const BindFailure& failure, const View& view) {
  std::string text = place_words(failure.requested) + actor_words(failure.process) +
                     "  " + view.style.warning(error_words(failure));
  if (failure.blockers) {
    text += "  blocked by " + blockers_words(*failure.blockers);
  }
  if (failure.more_blockers != 0) {
    text += " and " + std::to_string(failure.more_blockers) + " more";
  }
  return is_foreign(failure.netns, view)
             ? text + "  netns " + std::to_string(failure.netns)
             : text;
}

std::string loop_words(const Loop& loop, const View& view) {
  const std::string place =
      std::to_string(loop.port) + "/" + std::string(to_string(loop.protocol));
  std::string text = place + "  " + subject_words(loop.subject) + "  " +
                     count_of(loop.count, "time") + " in " +
                     span_text(loop.window) + "  " +
                     view.style.warning(escape(loop.cause));
  if (loop.blockers) {
    text += "  blocked by " + blockers_words(*loop.blockers);
  }
  return is_foreign(loop.netns, view)
             ? text + "  netns " + std::to_string(loop.netns)
             : text;
}

// What an event about a binding says beside it.
std::string extra_words(const Change& change) {
  switch (change.type) {
    case ChangeType::orphan:
      return change.previous
                 ? "  its owner " + brief_words(*change.previous) + " has died"
                 : "  its owner has died";
    case ChangeType::owner_changed:
      return change.previous ? "  before: " + brief_words(*change.previous) : "";
    case ChangeType::time_wait_pile:
      return "  " + count_of(change.count, "closing socket");
    default:
      return "";
  }
}

std::string what_words(const Change& change, const View& view) {
  if (change.failure) {
    return failure_words(*change.failure, view);
  }
  if (change.loop) {
    return loop_words(*change.loop, view);
  }
  return change.binding ? binding_words(*change.binding, view) + extra_words(change)
                        : gap_words(change, view.style);
}

}  // namespace

std::string event_line(const Change& change, const View& view) {
  const std::string type = pad(std::string(to_string(change.type)), 8);
  return view.style.faint(local_time_ms(change.time)) + "  " +
         view.style.strong(type) + "  " + what_words(change, view) +
         (change.reconstructed ? "  (found later)\n" : "\n");
}

std::string gap_lines(const std::vector<Missing>& missing) {
  std::string text;
  for (const Missing& gap : missing) {
    text += "portwatch: partial: " + escape(to_string(gap)) + "\n";
  }
  return text;
}

}  // namespace portwatch::cli
