// bpf_session_pins.cpp - what BpfSession leaves to and takes over from another.
//
// A new daemon always loads its own programs; the maps that carry the past are the
// old ones. A cgroup link swaps its program in one step; of a tracing hook both are
// attached for a moment, and what is told twice changes nothing the second time.
#include <array>
#include <vector>

#include "userspace/source/bpf_session.h"
#include "userspace/source/program_info.h"
#include "userspace/source/skeleton.h"

namespace portwatch {
namespace {

// A map that is inherited is one line here.
std::array<bpf_map*, 5> pinned_maps(portwatch_bpf& skeleton) {
  auto& all = skeleton.maps;
  return {all.pw_sockets, all.pw_parents, all.pw_ring, all.pw_counters,
          all.pw_told};
}

std::string link_name(const bpf_program* program) {
  return std::string("link_") + bpf_program__name(program);
}

std::uint64_t misses_behind(int link_fd) {
  bpf_link_info info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(link_fd, &info, &size) != 0) {
    return 0;
  }
  const UniqueFd program(bpf_prog_get_fd_by_id(info.prog_id));
  return program.valid() ? recursion_misses(program.get()) : 0;
}

}  // namespace

void BpfSession::open_pins(const std::string& directory) {
  if (directory.empty()) {
    return;
  }
  auto opened = Pins::open(directory);
  if (!opened) {
    pins_said_ = opened.error();
    return;
  }
  pins_ = std::move(opened).value();
  pins_said_ = directory;
}

// A daemon without pins is better than none.
void BpfSession::drop_pins(const Error& why) {
  pins_->remove_all();
  pins_.reset();
  pins_said_ = why;
}

// All or nothing: what a start that was cut short has left is made anew.
bool BpfSession::inherit_maps() {
  std::vector<UniqueFd> found;
  for (const bpf_map* map : pinned_maps(*skeleton_)) {
    found.push_back(pins_ == nullptr ? UniqueFd() : pins_->get(bpf_map__name(map)));
    if (!found.back().valid()) {
      return false;
    }
  }
  std::size_t next = 0;
  for (bpf_map* map : pinned_maps(*skeleton_)) {
    if (bpf_map__reuse_fd(map, found[next++].get()) != 0) {
      return false;
    }
  }
  const __u32 zero = 0;
  pw_told told{};
  if (bpf_map_lookup_elem(found.back().get(), &zero, &told) == 0) {
    told_ = {told.drops, told.storage_failures};
    told_skips_ = told.skipped_runs;
  }
  return true;
}

void BpfSession::pin_maps() {
  if (pins_ == nullptr) {
    return;
  }
  for (const bpf_map* map : pinned_maps(*skeleton_)) {
    if (auto put = pins_->put(bpf_map__name(map), bpf_map__fd(map)); !put) {
      return drop_pins(put.error());
    }
  }
}

// The pinned link with our program in it; null: there is none that can be kept.
BpfLink BpfSession::inherit_link(bpf_program* program) {
  const UniqueFd old =
      inherited_ && pins_ != nullptr ? pins_->get(link_name(program)) : UniqueFd();
  if (!old.valid()) {
    return nullptr;
  }
  if (is_tracing(program)) {
    old_skips_ += misses_behind(old.get());
    return nullptr;
  }
  BpfLink link(bpf_link__open(pins_->path_of(link_name(program)).c_str()));
  const bool swapped =
      link != nullptr && bpf_link__update_program(link.get(), program) == 0;
  return swapped ? std::move(link) : nullptr;
}

void BpfSession::pin_link(const bpf_program* program, const BpfLink& link) {
  if (pins_ == nullptr) {
    return;
  }
  if (auto put = pins_->put(link_name(program), bpf_link__fd(link.get())); !put) {
    drop_pins(put.error());
  }
}

void BpfSession::remember_told() const {
  if (pins_ == nullptr) {
    return;
  }
  const __u32 zero = 0;
  const Counters total = total_counters();
  const pw_told told{total.drops, total.storage_failures, own_skipped_runs()};
  bpf_map_update_elem(bpf_map__fd(skeleton_->maps.pw_told), &zero, &told, BPF_ANY);
}

}  // namespace portwatch
