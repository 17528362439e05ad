#include "userspace/detector/bind_failure_loop.h"

#include <cerrno>
#include <utility>

namespace portwatch {
namespace {

bool is_about_a_port(const BindFailure& failure) {
  return failure.requested.port != 0 ||
         (failure.operation != Operation::connect && failure.error == EADDRINUSE);
}

bool same_address(const Endpoint& a, const Endpoint& b) {
  return a.family == b.family && a.address == b.address;
}

}  // namespace

void BindFailureLoop::observe(const Change& change, const Moment& now,
                              std::vector<Change>& out) {
  advance(now, out);
  if (change.type == ChangeType::bind_failed && change.failure) {
    on_failure(*change.failure, now, out);
  } else if (change.type == ChangeType::bind || change.type == ChangeType::listen) {
    on_taken(change, now, out);
  }
}

void BindFailureLoop::on_failure(const BindFailure& failure, const Moment& now,
                                 std::vector<Change>& out) {
  auto sighting = sighting_of(failure);
  if (!sighting || !is_about_a_port(failure)) {
    return;
  }
  attempts_.touch(sighting->key) = {failure.operation, failure.requested};
  sighting->loop.cause = cause_of(failure);
  sighting->loop.blockers = failure.blockers;
  sighting->loop.last_process = failure.process;
  series_.add(sighting->key, std::move(sighting->loop), options_, now, out);
}

void BindFailureLoop::on_taken(const Change& change, const Moment& now,
                               std::vector<Change>& out) {
  if (!change.binding || attempts_.size() == 0) {
    return;
  }
  const SharedProcess owner = owner_of(*change.binding);
  if (!owner) {
    return;
  }
  const auto sighting = sighting_of(*owner, *change.binding);
  const Attempt* attempt = sighting ? attempts_.find(sighting->key) : nullptr;
  if (attempt == nullptr ||
      !same_address(attempt->requested, change.binding->endpoint) ||
      (attempt->operation == Operation::listen &&
       change.type == ChangeType::bind)) {
    return;
  }
  series_.end_refusals(sighting->key, now, out);
  attempts_.erase(sighting->key);
}

}  // namespace portwatch
