// live_takeover.cpp - how LiveBackend goes on where a killed daemon stopped.
//
// The socket storage says what is there, with the past of each socket; the ring
// says what happened meanwhile. What the other daemon had told already is in
// neither, so a socket whose record comes as a surprise is first put where the
// other must have had it.
#include <algorithm>
#include <utility>

#include "userspace/daemon/live_backend.h"

namespace portwatch {
namespace {

// A bound on the replay: more than this is new, not left over.
constexpr std::size_t kReplayRounds = 4096;
constexpr std::size_t kRecordsPerRound = 4096;

}  // namespace

Result<void> LiveBackend::take_over() {
  predecessor_ = std::make_unique<Predecessor>();
  auto picture = picture_->sockets(0);
  if (!picture) {
    return picture.error();
  }
  for (const SocketEntry& entry : *picture) {
    predecessor_->alive.emplace(entry.socket.id, entry);
  }
  if (auto replayed = replay(); !replayed) {
    return replayed;
  }
  // What is older than the first record was told, with or without us.
  for (const SocketEntry& entry : *picture) {
    if (!entry.since || !predecessor_->first ||
        *entry.since < *predecessor_->first) {
      adopt_silently(entry);
    }
  }
  predecessor_.reset();
  if (auto settled = settle_losses(true); !settled) {
    return settled;
  }
  session_->remember_told();
  return {};
}

Result<void> LiveBackend::replay() {
  for (std::size_t round = 0; round < kReplayRounds; ++round) {
    const auto count = take_in(kRecordsPerRound);
    if (!count) {
      return count.error();
    }
    if (*count < kRecordsPerRound) {
      return {};
    }
  }
  return {};
}

void LiveBackend::adopt_silently(const SocketEntry& entry) {
  if (table_.same_socket(entry.socket) != nullptr) {
    return;
  }
  // Of one that was bound and is connected now, the bind was told: its release is
  // to follow. (Whether that is so of an automatic port, nothing tells.)
  SocketEntry told = entry;
  if (told.socket.locked && !takes_a_port(told.socket)) {
    told.socket.state = SocketState::bound;
  }
  (void)table_.adopt(told, {});
}

// Makes the table know what the other daemon knew before `event`.
void LiveBackend::recall(SocketEvent& event) {
  Predecessor& before = *predecessor_;
  SocketFacts& facts = event.socket;
  const bool is_end = event.kind == SocketEvent::Kind::release ||
                      event.kind == SocketEvent::Kind::destroy;
  // Two generations of a tracing hook may tell one end.
  if (is_end && facts.id != 0 && !before.ended.insert(facts.id).second) {
    return;
  }
  if (is_end && facts.id == 0 && table_.same_socket(facts) == nullptr) {
    before.closed_mptcp.push_back(facts);  // its subflow's end follows
    return;
  }
  if (event.kind == SocketEvent::Kind::destroy) {
    const auto whole =
        std::find_if(before.closed_mptcp.begin(), before.closed_mptcp.end(),
                     [&](const auto& one) {
                       return one.netns == facts.netns &&
                              one.endpoint.port == facts.endpoint.port &&
                              one.endpoint.address == facts.endpoint.address;
                     });
    if (whole != before.closed_mptcp.end()) {
      facts.mptcp = true;
      facts.endpoint.protocol = Protocol::mptcp;
      facts.inode = whole->inode;
      before.closed_mptcp.erase(whole);
    }
  }
  if (event.kind == SocketEvent::Kind::bind || facts.id == 0 ||
      table_.same_socket(facts) != nullptr) {
    return;
  }
  SocketEntry entry{facts, {}, {}};
  const auto alive = before.alive.find(facts.id);
  if (alive != before.alive.end() && alive->second.since < event.when) {
    entry.since = alive->second.since;
    entry.creator = alive->second.creator;
  }
  if (event.kind == SocketEvent::Kind::connect && !entry.since) {
    return;  // it takes its port only now
  }
  if (event.kind == SocketEvent::Kind::listen) {
    if (!facts.locked && !entry.since) {
      return;  // listen(2) itself may have taken the port
    }
    entry.socket.state = SocketState::bound;
  }
  adopt_silently(entry);
}

}  // namespace portwatch
