#include "userspace/daemon/questions.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "userspace/api/peer_view.h"
#include "userspace/conflict/address.h"
#include "userspace/conflict/conflict.h"
#include "userspace/conflict/explain.h"
#include "userspace/daemon/netns_facts.h"
#include "userspace/source/container_names.h"
#include "userspace/source/host_facts_reader.h"

namespace portwatch {
namespace {

constexpr uid_t kNobody = 65534;
// What a verdict mentions of the past.
constexpr std::chrono::hours kRecent{1};
constexpr std::size_t kFailuresTold = 20;
constexpr std::size_t kLargeAnswer = 5000;  // bindings: some 10 MiB

bool concerns(const Change& change, const BindRequest& request) {
  const Protocol asked = request.endpoint.protocol;
  if (port_of(change) != request.endpoint.port) {
    return false;
  }
  if (change.failure) {
    return change.failure->netns == request.netns &&
           covers(asked, change.failure->requested.protocol);
  }
  return change.loop && change.loop->netns == request.netns &&
         covers(asked, change.loop->protocol);
}

bool is_left_over(const Binding& binding, const BindRequest& request) {
  return binding.state == SocketState::closing && !binding.creator &&
         binding.held_by == HeldBy::nobody && binding.netns == request.netns &&
         binding.endpoint.port == request.endpoint.port &&
         request.endpoint.port != 0;
}

bool had_the_place(const Binding& before, const Binding& left) {
  return before.creator && before.netns == left.netns &&
         same_table(before.endpoint.protocol, left.endpoint.protocol) &&
         addresses_overlap(request_of(left), before).value_or(true);
}

}  // namespace

Result<Answer> Questions::answer(const Question& question) {
  auto answer = backend_.answer(question);
  if (answer) {
    name_containers(answer->bindings, containers_);
    pipeline_.mark_orphans(answer->bindings);
    was_large_ |= answer->bindings.size() > kLargeAnswer;
  }
  return answer;
}

// What a large answer took is in small pieces, which the allocator would keep.
void Questions::end() {
  backend_.end_questions();
  if (std::exchange(was_large_, false)) {
    malloc_trim(0);
  }
}

// What is known is cut down before it is explained: no text tells more than the
// asker may know.
Result<Verdict> Questions::why(const BindRequest& request) {
  const Viewer viewer{request.uid.value_or(kNobody), false};
  Question question;
  question.own_netns = request.netns;
  question.port = request.endpoint.port;
  question.served_connections = true;
  Context context;
  context.now = clock_.wall_now();
  context.own_netns = request.netns;
  if (request.endpoint.port == 0) {
    question = {};
    question.own_netns = request.netns;
    question.connected = true;
  }
  auto found = answer(question);
  if (!found) {
    return found.error();
  }
  add_last_owners(found->bindings, request);
  redact(*found, viewer);
  if (request.endpoint.port == 0) {
    context.host = *found;
  }
  auto facts = host_facts_of(request.netns);
  if (!facts) {
    return facts.error();
  }
  facts->protocol = makes_sockets(request.endpoint.protocol);
  context.failures = recent_failures(request);
  context.loops = pipeline_.active_loops();
  std::erase_if(context.loops,
                [&](const Change& loop) { return !concerns(loop, request); });
  for (auto* changes : {&context.failures, &context.loops}) {
    for (Change& change : *changes) {
      redact(change, viewer);
    }
  }
  return explain(request, *found, *facts, context);
}

// What is left of a connection has no process, but it began with one: whoever had
// the address and the port last.
void Questions::add_last_owners(std::vector<Binding>& on_port,
                                const BindRequest& request) const {
  if (std::none_of(on_port.begin(), on_port.end(), [&](const Binding& one) {
        return is_left_over(one, request);
      })) {
    return;
  }
  HistoryQuestion question;
  question.port = request.endpoint.port;
  question.netns = request.netns;
  question.since = clock_.wall_now() - kRecent;
  const auto past = past_.bindings(question);
  if (!past) {
    return;
  }
  for (Binding& one : on_port) {
    const auto last = std::find_if(
        past->bindings.rbegin(), past->bindings.rend(),
        [&](const Binding& before) { return had_the_place(before, one); });
    if (is_left_over(one, request) && last != past->bindings.rend()) {
      one.creator = last->creator;
    }
  }
}

std::vector<Change> Questions::recent_failures(const BindRequest& request) const {
  if (request.endpoint.port == 0) {
    return {};
  }
  HistoryQuestion question;
  question.port = request.endpoint.port;
  question.netns = request.netns;
  question.since = clock_.wall_now() - kRecent;
  question.limit = kFailuresTold;
  auto found = past_.events({ChangeType::bind_failed}, question);
  if (!found) {
    return {};
  }
  std::erase_if(found->events,
                [&](const Change& one) { return !concerns(one, request); });
  return std::move(found->events);
}

Result<EventsAnswer> Questions::failures(const HistoryQuestion& question) {
  auto answer = past_.events({ChangeType::bind_failed}, question);
  if (answer) {
    doubt_events(*answer, "failures");
  }
  return answer;
}

Result<EventsAnswer> Questions::loops(const HistoryQuestion& question) {
  auto answer = past_.events({ChangeType::bind_failure_loop, ChangeType::crash_loop,
                              ChangeType::loop_ended},
                             question);
  if (answer) {
    add_active_loops(*answer, pipeline_.active_loops(), question);
    for (const Missing& gap : backend_.status().missing) {
      if (gap.what == "loops") {
        answer->missing.push_back(gap);
      }
    }
    doubt_events(*answer, "loops");
  }
  return answer;
}

Result<Answer> Questions::history(const HistoryQuestion& question) {
  auto answer = past_.bindings(question);
  if (answer) {
    const Status status = backend_.status();
    answer->source = status.source;
    if (status.source != Source::ebpf && !question.before) {
      answer->miss({"history",
                    "the daemon works without eBPF: lives shorter than "
                    "snapshot_interval are not seen"});
    }
  }
  return answer;
}

// "None" would be untrue where nobody could have seen any.
void Questions::doubt_events(EventsAnswer& answer, const std::string& what) const {
  const Status status = backend_.status();
  answer.source = status.source;
  if (status.bind_results == "none") {
    answer.missing.push_back(
        {what, "failed binds are not seen: " +
                   std::string(status.source == Source::ebpf
                                   ? "no hook for their results is attached"
                                   : "the daemon works without eBPF")});
  }
  if (status.results_missed != 0) {
    answer.missing.push_back(
        {what, "the kernel skipped " + std::to_string(status.results_missed) +
                   " runs of the hooks that see a refused listen or connect"});
  }
  answer.confidence = !answer.missing.empty() ? Confidence::partial
                      : status.source == Source::ebpf && status.events_lost == 0
                          ? Confidence::exact
                          : Confidence::snapshot;
}

}  // namespace portwatch
