// doctor_ports.cpp - loops, failed binds and closing sockets of one port belong
// together: a server that restarts leaves the third, and the second is its end.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "cli/doctor.h"
#include "cli/loop_story.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "cli/words.h"

namespace portwatch::cli {
namespace {

constexpr std::size_t kMaxNamedPorts = 3;  // of one subject, in one finding

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

using Troubled = std::pair<TroubledPort, Trouble>;

std::string_view code_of(const Trouble& trouble) {
  return !trouble.loops.empty()      ? "loop"
         : !trouble.failures.empty() ? "failedBinds"
                                     : "timeWaitPile";
}

// Whose trouble it is; empty: nobody's.
std::optional<Subject> subject_of_trouble(const Trouble& trouble) {
  if (!trouble.loops.empty()) {
    return telling_loop(trouble.loops).loop->subject;
  }
  return trouble.failures.empty()
             ? std::nullopt
             : std::optional(subject_of(trouble.failures.back()->failure->process));
}

std::string numbers_words(const std::vector<Troubled>& group) {
  std::vector<std::string> words;
  for (const auto& [at, trouble] : group) {
    if (words.size() < kMaxNamedPorts) {
      words.push_back(number_words(at));
    }
  }
  if (group.size() > kMaxNamedPorts) {
    words.push_back(std::to_string(group.size() - kMaxNamedPorts) + " more ports");
  }
  return join_words(words);
}

std::string headline(const std::vector<Troubled>& group) {
  const std::string ports = numbers_words(group);
  const Trouble& trouble = group.front().second;
  if (!trouble.loops.empty()) {
    const Change& event = telling_loop(trouble.loops);
    return subject_words(event.loop->subject) +
           (event.type == ChangeType::crash_loop ? " keeps dying on "
                                                 : " keeps failing to bind ") +
           ports;
  }
  return trouble.failures.empty() ? "closed connections pile up on " + ports
                                  : "binds of " + ports + " fail";
}

void add_remedies(const DoctorFacts& facts, const TroubledPort& at,
                  const Trouble& trouble, Finding& finding) {
  if (trouble.closing.size() > kPile) {
    finding.remedies.push_back(
        {"a server that sets SO_REUSEADDR binds at once; one that does not waits "
         "for them",
         std::nullopt});
  }
  if (at.port != 0 && finding.code != "timeWaitPile") {
    finding.remedies.push_back(
        {"see every reason and what would help",
         command_in(facts, at.netns, "portwatch why " + number_words(at))});
  }
}

void add_evidence(const Trouble& trouble, const std::string& of, Finding& finding) {
  for (const Change* event : trouble.loops) {
    finding.evidence.push_back(of + loop_evidence(*event));
    finding.events.push_back(*event);
  }
  if (!trouble.failures.empty()) {
    finding.evidence.push_back(of + failures_evidence(trouble.failures));
    finding.events.push_back(*trouble.failures.back());
  }
  if (!trouble.closing.empty()) {
    finding.evidence.push_back(of + closing_evidence(trouble.closing));
  }
}

// Not empty; of one code, namespace and subject.
Finding trouble_finding(const DoctorFacts& facts,
                        const std::vector<Troubled>& group) {
  const auto& [at, trouble] = group.front();
  Finding finding;
  finding.code = code_of(trouble);
  finding.port = at.port;
  finding.protocol = at.protocol;
  finding.netns = at.netns;
  finding.text = headline(group);
  for (std::size_t i = 0; i < std::min(group.size(), kMaxNamedPorts); ++i) {
    const std::string of =
        group.size() > 1 ? number_words(group[i].first) + ": " : "";
    add_evidence(group[i].second, of, finding);
  }
  add_remedies(facts, at, trouble, finding);
  return finding;
}

// Services before what a user has started: who is many must not hide them.
struct GroupKey {
  bool is_users = false;
  std::string_view code;
  std::uint32_t netns = 0;
  std::optional<Subject> subject;
  TroubledPort port;  // where there is no subject: each on its own
  friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

GroupKey key_of(const TroubledPort& at, const Trouble& trouble) {
  GroupKey key;
  key.code = code_of(trouble);
  key.netns = at.netns;
  key.subject = subject_of_trouble(trouble);
  key.is_users = key.subject && !is_services(*key.subject);
  if (!key.subject || key.subject->name.empty()) {
    key.port = at;
  }
  return key;
}

}  // namespace

void find_port_trouble(const DoctorFacts& facts, std::vector<Finding>& findings) {
  Troubles troubles;
  collect_events(facts, troubles);
  collect_closing(facts, troubles);
  std::map<GroupKey, std::vector<Troubled>> groups;
  for (const auto& [at, trouble] : troubles) {
    if (is_trouble(trouble) && is_asked_for(facts, at.protocol, at.port)) {
      groups[key_of(at, trouble)].emplace_back(at, trouble);
    }
  }
  for (const auto& [key, group] : groups) {
    findings.push_back(trouble_finding(facts, group));
  }
}

}  // namespace portwatch::cli
