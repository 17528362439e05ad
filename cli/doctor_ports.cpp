// doctor_ports.cpp - loops, failed binds and closing sockets of one port belong
// together: a server that restarts leaves the third, and the second is its end.
#include <algorithm>
#include <map>
#include <tuple>

#include "cli/doctor.h"
#include "cli/loop_story.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

struct TroubledPort {
  std::uint32_t netns = 0;
  Protocol protocol = Protocol::tcp;  // mptcp is tcp here: they share the ports
  Port port = 0;
  friend auto operator<=>(const TroubledPort&, const TroubledPort&) = default;
};

struct Trouble {
  std::vector<const Change*> loops;  // active ones
  std::vector<const Change*> failures;
  std::vector<const Binding*> closing;
};
using Troubles = std::map<TroubledPort, Trouble>;

Protocol table_of_ports(Protocol protocol) {
  return protocol == Protocol::mptcp ? Protocol::tcp : protocol;
}

void collect_events(const DoctorFacts& facts, Troubles& troubles) {
  if (facts.loops) {
    for (const LoopStory& story : loop_stories(*facts.loops)) {
      if (story.active) {
        const Loop& loop = *story.event->loop;
        troubles[{loop.netns, table_of_ports(loop.protocol), loop.port}]
            .loops.push_back(story.event);
      }
    }
  }
  if (facts.failures) {
    for (const Change& event : facts.failures->events) {
      if (event.failure) {
        const BindFailure& failure = *event.failure;
        troubles[{failure.netns, table_of_ports(failure.requested.protocol),
                  failure.requested.port}]
            .failures.push_back(&event);
      }
    }
  }
}

void collect_closing(const DoctorFacts& facts, Troubles& troubles) {
  for (const Binding& binding : facts.sockets.bindings) {
    if (binding.state == SocketState::closing &&
        binding.held_by == HeldBy::nobody) {
      troubles[{binding.netns, table_of_ports(binding.endpoint.protocol),
                binding.endpoint.port}]
          .closing.push_back(&binding);
    }
  }
}

bool is_trouble(const Trouble& trouble) {
  return !trouble.loops.empty() || !trouble.failures.empty() ||
         trouble.closing.size() > kPile;
}

std::string number_words(const TroubledPort& at) {
  return at.port == 0
             ? "an automatic port"
             : std::to_string(at.port) + "/" + std::string(to_string(at.protocol));
}

std::string loop_evidence(const Change& event) {
  const Loop& loop = *event.loop;
  std::string text = count_of(loop.count, "time") + " in " +
                     span_text(loop.window) + ": " + escape(loop.cause);
  if (loop.blockers) {
    text += ", blocked by " + blockers_words(*loop.blockers);
  }
  return loop.last_exit
             ? text + ", last exit: " + escape(to_string(*loop.last_exit))
             : text;
}

std::string failures_evidence(const std::vector<const Change*>& failures) {
  const BindFailure& last = *failures.back()->failure;
  std::string text = count_of(failures.size(), "failed bind") +
                     " in the last hour, the last by " + brief_words(last.process) +
                     ": " + error_name(last.error);
  if (last.blockers) {
    text += ", blocked by " + blockers_words(*last.blockers);
  }
  return last.why ? text + ": " + escape(*last.why) : text;
}

std::string closing_evidence(const std::vector<const Binding*>& closing) {
  std::string text = count_of(closing.size(), "closed connection") +
                     " that the kernel still remembers (TIME_WAIT and the like)";
  std::chrono::milliseconds longest{0};
  for (const Binding* binding : closing) {
    if (!binding->remaining) {
      return text;
    }
    longest = std::max(longest, *binding->remaining);
  }
  return text + ", the last one gone in " + seconds_words(longest);
}

// What cannot bind dies of it: the failing is the better word for both.
const Change& telling_loop(const std::vector<const Change*>& loops) {
  const auto binds =
      std::find_if(loops.begin(), loops.end(), [](const Change* loop) {
        return loop->type == ChangeType::bind_failure_loop;
      });
  return binds == loops.end() ? *loops.front() : **binds;
}

std::string headline(const TroubledPort& at, const Trouble& trouble) {
  if (!trouble.loops.empty()) {
    const Change& event = telling_loop(trouble.loops);
    return subject_words(event.loop->subject) +
           (event.type == ChangeType::crash_loop ? " keeps dying on "
                                                 : " keeps failing to bind ") +
           number_words(at);
  }
  return trouble.failures.empty()
             ? "closed connections pile up on " + number_words(at)
             : "binds of " + number_words(at) + " fail";
}

void add_remedies(const TroubledPort& at, const Trouble& trouble,
                  Finding& finding) {
  if (trouble.closing.size() > kPile) {
    finding.remedies.push_back(
        {"a server that sets SO_REUSEADDR binds at once; one that does not waits "
         "for them",
         std::nullopt});
  }
  if (at.port != 0 && finding.code != "timeWaitPile") {
    finding.remedies.push_back({"see every reason and what would help",
                                "portwatch why " + std::to_string(at.port) + "/" +
                                    std::string(to_string(at.protocol))});
  }
}

Finding trouble_finding(const TroubledPort& at, const Trouble& trouble) {
  Finding finding;
  finding.code = !trouble.loops.empty()      ? "loop"
                 : !trouble.failures.empty() ? "failedBinds"
                                             : "timeWaitPile";
  finding.port = at.port;
  finding.protocol = at.protocol;
  finding.text = headline(at, trouble);
  for (const Change* event : trouble.loops) {
    finding.evidence.push_back(loop_evidence(*event));
    finding.events.push_back(*event);
  }
  if (!trouble.failures.empty()) {
    finding.evidence.push_back(failures_evidence(trouble.failures));
    finding.events.push_back(*trouble.failures.back());
  }
  if (!trouble.closing.empty()) {
    finding.evidence.push_back(closing_evidence(trouble.closing));
  }
  add_remedies(at, trouble, finding);
  return finding;
}

}  // namespace

void find_port_trouble(const DoctorFacts& facts, std::vector<Finding>& findings) {
  Troubles troubles;
  collect_events(facts, troubles);
  collect_closing(facts, troubles);
  for (const auto& [at, trouble] : troubles) {
    if (is_trouble(trouble) && is_asked_for(facts, at.protocol, at.port)) {
      findings.push_back(trouble_finding(at, trouble));
    }
  }
}

}  // namespace portwatch::cli
