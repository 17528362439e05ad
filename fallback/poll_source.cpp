#include "fallback/poll_source.h"

#include <algorithm>
#include <iterator>
#include <map>
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

// The gaps of a look that hide whole bindings, not only who holds them.
std::vector<Missing> blind_spots(std::vector<Missing> missing) {
  missing.erase(std::remove_if(missing.begin(), missing.end(),
                               [](const Missing& gap) {
                                 return gap.what != "sockets" &&
                                        gap.what != "namespaces";
                               }),
                missing.end());
  return missing;
}

bool is_subset(const std::vector<Missing>& part,
               const std::vector<Missing>& whole) {
  return std::all_of(part.begin(), part.end(), [&](const Missing& gap) {
    return std::find(whole.begin(), whole.end(), gap) != whole.end();
  });
}

// Pictures are compared without holders, which cost most. Who holds those that
// are new is looked up once for all of them; one that is gone by then stays
// unknown.
void name_holders(SnapshotReader& reader, std::vector<Change>& changes) {
  const auto is_new = [](const Change& c) { return c.type != ChangeType::release; };
  if (std::none_of(changes.begin(), changes.end(), is_new)) {
    return;
  }
  auto answer = reader.read(Question());
  if (!answer) {
    return;
  }
  std::map<std::string, const Binding*> now;
  for (const Binding& binding : answer->bindings) {
    now.emplace(binding.id, &binding);
  }
  for (Change& change : changes) {
    const auto found =
        change.binding && is_new(change) ? now.find(change.binding->id) : now.end();
    if (found != now.end()) {
      change.binding->holders = found->second->holders;
    }
  }
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
  missing_ = answer->missing;
  auto gaps = blind_spots(std::move(answer->missing));
  const bool sees_as_before = is_subset(gaps, gaps_);
  std::vector<Change> changes;
  std::vector<Change> binds;
  std::vector<Change> listens;
  for (const auto& [id, before] : picture_) {
    const auto still = picture.find(id);
    if (still == picture.end() && !sees_as_before) {
      picture.emplace(id, before);  // perhaps it is only out of sight
    } else if (still == picture.end() || !is_same_place(before, still->second)) {
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
  gaps_ = std::move(gaps);
  if (!std::exchange(primed_, true)) {
    changes.clear();
  }
  name_holders(reader_, changes);
  return changes;
}

std::vector<Binding> PollSource::bindings() const {
  std::vector<Binding> all;
  for (const auto& [id, binding] : picture_) {
    all.push_back(binding);
  }
  return all;
}

}  // namespace portwatch
