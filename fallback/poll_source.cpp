#include "fallback/poll_source.h"

#include <utility>

namespace portwatch {
namespace {

Change found(ChangeType type, WallTime when, Binding binding) {
  // An event does not tell holders, but that a socket that is gone has none.
  binding.holders.reset();
  if (type == ChangeType::release) {
    binding.holders.emplace();
    binding.until = when;
  }
  Change change;
  change.type = type;
  change.time = when;
  change.binding = std::move(binding);
  change.reconstructed = true;
  return change;
}

bool is_same_place(const Binding& before, const Binding& now) {
  return before.endpoint.port == now.endpoint.port;
}

}  // namespace

Result<std::vector<Change>> PollSource::poll() {
  Question everything;
  everything.holders = false;
  auto answer = reader_.read(everything);
  if (!answer) {
    return answer.error();
  }
  const WallTime now = clock_.wall_now();
  std::map<std::string, Binding> picture;
  for (Binding& binding : answer->bindings) {
    std::string id = binding.id;
    picture.emplace(std::move(id), std::move(binding));
  }
  std::vector<Change> changes;
  std::vector<Change> binds;
  std::vector<Change> listens;
  for (const auto& [id, before] : picture_) {
    const auto still = picture.find(id);
    if (still == picture.end() || !is_same_place(before, still->second)) {
      changes.push_back(found(ChangeType::release, now, before));
    }
  }
  for (auto& [id, binding] : picture) {
    const auto before = picture_.find(id);
    const bool known =
        before != picture_.end() && is_same_place(before->second, binding);
    const bool listened = known && before->second.state == SocketState::listening;
    if (!known) {
      binds.push_back(found(ChangeType::bind, now, binding));
    }
    if (binding.state == SocketState::listening && !listened) {
      listens.push_back(found(ChangeType::listen, now, binding));
    }
  }
  std::move(binds.begin(), binds.end(), std::back_inserter(changes));
  std::move(listens.begin(), listens.end(), std::back_inserter(changes));
  picture_ = std::move(picture);
  if (!std::exchange(primed_, true)) {
    changes.clear();
  }
  return changes;
}

}  // namespace portwatch
