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

bool is_same_place(const SocketFacts& one, const SocketFacts& other) {
  return one.netns == other.netns && one.endpoint.port == other.endpoint.port &&
         one.endpoint.address == other.endpoint.address;
}

// One that says its farewell does not show any more whose it was.
bool may_be_subflow(const SocketFacts& sock) {
  return sock.mptcp || (sock.inode == 0 && !takes_a_port(sock));
}

bool is_subflow(const SocketFacts& sock, const SocketFacts& mptcp) {
  return sock.mptcp ? sock.inode == mptcp.inode : is_same_place(sock, mptcp);
}

void join(SocketFacts& subflow, const SocketFacts& mptcp) {
  subflow.mptcp = true;
  subflow.endpoint.protocol = Protocol::mptcp;
  subflow.inode = mptcp.inode;
}

}  // namespace

Result<void> LiveBackend::take_over() {
  predecessor_ = std::make_unique<Predecessor>();
  auto picture = picture_->sockets(0);
  if (!picture) {
    return picture.error();
  }
  for (const SocketEntry& entry : *picture) {
    predecessor_->alive.emplace(entry.socket.id, entry);
    if (may_be_subflow(entry.socket)) {
      predecessor_->subflows.push_back(entry);
    }
  }
  if (auto replayed = replay(); !replayed) {
    return replayed;
  }
  // What is older than the first record was told, with or without us. (What has
  // ended since the picture was read is gone.)
  for (const SocketEntry& entry : *picture) {
    const bool told =
        !entry.since || !predecessor_->first || *entry.since < *predecessor_->first;
    if (told && !predecessor_->ended.contains(entry.socket.id)) {
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
  if (table_.same_socket(entry.socket) == nullptr) {
    (void)table_.adopt(entry, {});
  }
}

// An MPTCP socket is closed; of its subflow, the other daemon may have told. Should
// that have ended before the picture, the record of its end follows.
void LiveBackend::recall_mptcp(const SocketFacts& closed) {
  Predecessor& before = *predecessor_;
  const auto subflow = std::find_if(
      before.subflows.begin(), before.subflows.end(),
      [&](const SocketEntry& one) { return is_subflow(one.socket, closed); });
  if (subflow == before.subflows.end()) {
    before.closed_mptcp.push_back(closed);
    return;
  }
  join(subflow->socket, closed);
  adopt_silently(*subflow);
  before.ended.insert(subflow->socket.id);
  before.subflows.erase(subflow);
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
    recall_mptcp(facts);
    return;
  }
  if (event.kind == SocketEvent::Kind::destroy) {
    const auto whole =
        std::find_if(before.closed_mptcp.begin(), before.closed_mptcp.end(),
                     [&](const auto& one) { return is_same_place(one, facts); });
    if (whole != before.closed_mptcp.end()) {
      join(facts, *whole);
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
