#include "userspace/detector/owner_change.h"

#include <utility>

namespace portwatch {

void OwnerChange::observe(const Change& change, const Moment& now,
                          std::vector<Change>& out) {
  if (!change.binding) {
    return;
  }
  const bool streams = is_stream(change.binding->endpoint.protocol);
  if (change.type == (streams ? ChangeType::listen : ChangeType::bind)) {
    on_owner(change, now, out);
  } else if (change.type == ChangeType::release) {
    on_release(*change.binding);
  }
}

void OwnerChange::on_owner(const Change& change, const Moment& now,
                           std::vector<Change>& out) {
  const Binding& binding = *change.binding;
  if (automatic_.contains(binding.endpoint.port) ||
      sockets_.find(binding.id) != nullptr) {
    return;
  }
  const PlaceKey key{port_key(binding), binding.endpoint.family,
                     binding.endpoint.address};
  sockets_.touch(binding.id) = key;
  Place& place = places_.touch(key);
  const bool was_free = place.held++ == 0;
  const SharedProcess process = owner_of(binding);
  auto subject = process && is_told_apart(*process)
                     ? subject_key(subject_of(*process))
                     : std::nullopt;
  if (!subject) {
    place.owner.reset();
    return;
  }
  if (place.owner && place.owner->subject != *subject && was_free &&
      !change.reconstructed) {
    Change told;
    told.type = ChangeType::owner_changed;
    told.time = now.wall;
    told.binding = binding;
    told.previous = place.owner->process;
    out.push_back(std::move(told));
  }
  place.owner = Owner{*std::move(subject), process};
}

void OwnerChange::on_release(const Binding& binding) {
  const PlaceKey* where = sockets_.find(binding.id);
  if (where == nullptr) {
    return;
  }
  Place* place = places_.find(*where);
  if (place != nullptr && place->held > 0) {
    --place->held;
  }
  sockets_.erase(binding.id);
}

void OwnerChange::forget() {
  places_.clear();
  sockets_.clear();
}

}  // namespace portwatch
