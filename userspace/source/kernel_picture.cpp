#include "userspace/source/kernel_picture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <string>

#include "userspace/base/clock.h"
#include "userspace/source/event_decoder.h"
#include "userspace/source/netns_scope.h"
#include "userspace/source/skeleton.h"

namespace portwatch {
namespace {

constexpr std::size_t kMaxPasses = 128;  // a descriptor each
// The kernel fills at most 8 pages a read.
using ReadBuffer = std::array<std::byte, 32768>;

Result<std::vector<std::byte>> read_iterator(int link_fd) {
  const UniqueFd iterator(bpf_iter_create(link_fd));
  if (!iterator.valid()) {
    return errno_error(errno, "cannot start a kernel iterator");
  }
  std::vector<std::byte> bytes;
  ReadBuffer buffer;
  for (;;) {
    const ssize_t count = read(iterator.get(), buffer.data(), buffer.size());
    if (count == 0) {
      return bytes;
    }
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return errno_error(errno, "cannot read a kernel iterator");
    }
    if (count > 0) {
      bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + count);
    }
  }
}

// The first `count` values. (A mapping of them would be resident for good.)
Result<std::vector<std::byte>> read_array(const bpf_map* map, std::size_t count) {
  std::vector<std::byte> values(count * bpf_map__value_size(map));
  std::vector<__u32> keys(count);
  __u32 place = 0;
  __u32 got = static_cast<__u32>(count);
  if (count != 0 &&
      (bpf_map_lookup_batch(bpf_map__fd(map), nullptr, &place, keys.data(),
                            values.data(), &got, nullptr) != 0 ||
       got != count)) {
    return errno_error(errno, "cannot read the kernel's picture");
  }
  return values;
}

pw_slot raw_slot(const DescriptorSlot& slot) {
  return {slot.task,
          slot.files,
          slot.file,
          slot.sk,
          slot.inode,
          slot.id,
          static_cast<__u32>(slot.fd),
          0};
}

BpfLink attach_iterator(bpf_program* program, bpf_iter_link_info* info) {
  // Not libbpf's macro for this: it is not C++.
  bpf_iter_attach_opts options{};
  options.sz = sizeof options;
  options.link_info = info;
  options.link_info_len = sizeof *info;
  return BpfLink(bpf_program__attach_iter(program, info ? &options : nullptr));
}

Result<void> missing_link(const BpfLink& link, const char* what) {
  if (link == nullptr) {
    return errno_error(errno, std::string("cannot attach iter/") + what);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<KernelPicture>> KernelPicture::make(BpfSession& session) {
  std::unique_ptr<KernelPicture> picture(new KernelPicture(session));
  auto& skeleton = session.skeleton();
  bpf_iter_link_info info{};
  info.map.map_fd = static_cast<__u32>(bpf_map__fd(skeleton.maps.pw_sockets));
  picture->sockets_ = attach_iterator(skeleton.progs.pw_dump, &info);
  if (auto ok = missing_link(picture->sockets_, "bpf_sk_storage_map"); !ok) {
    return ok.error();
  }
  picture->holders_ = attach_iterator(skeleton.progs.pw_holders, nullptr);
  if (auto ok = missing_link(picture->holders_, "task_file"); !ok) {
    return ok.error();
  }
  picture->tag_tcp_ = attach_iterator(skeleton.progs.pw_tag_tcp, nullptr);
  if (auto ok = missing_link(picture->tag_tcp_, "tcp"); !ok) {
    return ok.error();
  }
  picture->tag_udp_ = attach_iterator(skeleton.progs.pw_tag_udp, nullptr);
  if (auto ok = missing_link(picture->tag_udp_, "udp"); !ok) {
    return ok.error();
  }
  return picture;
}

// One uninterrupted walk: appends what no earlier one for this picture had room
// for. True: there was more.
Result<bool> KernelPicture::walk_sockets(std::vector<SocketEntry>& entries) {
  auto& shared = *session_.skeleton().bss;
  shared.pw_picture_count = 0;
  if (auto walked = read_iterator(bpf_link__fd(sockets_.get())); !walked) {
    return walked.error();
  }
  const bpf_map* picture = session_.skeleton().maps.pw_picture;
  const std::size_t found = shared.pw_picture_count;
  const std::size_t room = bpf_map__max_entries(picture);
  const auto bytes = read_array(picture, std::min(found, room));
  if (!bytes) {
    return bytes.error();
  }
  decode_socket_entries(*bytes, entries);
  return found > room;
}

// What is there all the time is met exactly once.
Result<std::vector<SocketEntry>> KernelPicture::sockets(Port port) {
  auto& shared = *session_.skeleton().bss;
  shared.pw_wanted_port = port;
  // Larger than any of a daemon before us, and than the last where time stands
  // still.
  shared.pw_picture_number =
      std::max(shared.pw_picture_number + 1,
               static_cast<__u64>(SystemClock().boot_now().count()));
  std::vector<SocketEntry> entries;
  for (;;) {
    const auto more = walk_sockets(entries);
    if (!more) {
      return more.error();
    }
    if (!*more) {
      return entries;
    }
  }
}

Result<std::vector<HolderFacts>> KernelPicture::holders_of(pid_t pid, Port port) {
  session_.skeleton().bss->pw_wanted_port = port;
  session_.skeleton().bss->pw_only_track = 0;
  const int link = pass_over(pid);
  if (link < 0) {
    const int number = errno;
    if (number == ESRCH) {
      return std::vector<HolderFacts>{};
    }
    if (number == E2BIG || number == EINVAL) {
      return all_holders(port);  // before 6.1 there is no pass for one process
    }
    return errno_error(number, "cannot attach iter/task_file");
  }
  session_.skeleton().bss->pw_walked_task = 0;
  auto bytes = read_iterator(link);
  if (!bytes) {
    return bytes.error();
  }
  return decode_holder_entries(*bytes);
}

Result<std::vector<HolderFacts>> KernelPicture::holders_at(
    std::span<const DescriptorSlot> slots) {
  static_assert(kMostSlots == PW_MAX_SLOTS);
  auto& skeleton = session_.skeleton();
  const std::size_t count = std::min(slots.size(), kMostSlots);
  std::transform(slots.begin(), slots.begin() + count, skeleton.bss->pw_slots,
                 raw_slot);
  skeleton.bss->pw_slot_count = static_cast<__u32>(count);
  bpf_test_run_opts run{};
  run.sz = sizeof run;
  if (bpf_prog_test_run_opts(bpf_program__fd(skeleton.progs.pw_look_again), &run) !=
      0) {
    return errno_error(errno, "cannot run an eBPF program");
  }
  return decode_holder_entries(
      std::as_bytes(std::span(skeleton.bss->pw_slot_holders, count)));
}

// A link to the pass over one process, ours; -1 with errno. It is about the number:
// who has that when the pass begins is visited.
int KernelPicture::pass_over(pid_t pid) {
  const auto known = passes_.find(pid);
  if (known != passes_.end()) {
    return bpf_link__fd(known->second.get());
  }
  bpf_iter_link_info info{};
  info.task.pid = static_cast<__u32>(pid);
  BpfLink link = attach_iterator(session_.skeleton().progs.pw_holders, &info);
  if (link == nullptr) {
    return -1;
  }
  if (passes_.size() >= kMaxPasses) {
    passes_.clear();
  }
  return bpf_link__fd(passes_.emplace(pid, std::move(link)).first->second.get());
}

Result<std::vector<std::byte>> KernelPicture::walk_descriptors(Port port,
                                                               bool only_track) {
  session_.skeleton().bss->pw_wanted_port = port;
  session_.skeleton().bss->pw_only_track = only_track ? 1 : 0;
  session_.skeleton().bss->pw_saw_init = 0;
  session_.skeleton().bss->pw_walked_task = 0;
  return read_iterator(bpf_link__fd(holders_.get()));
}

Result<std::vector<HolderFacts>> KernelPicture::all_holders(Port port) {
  auto bytes = walk_descriptors(port, false);
  if (!bytes) {
    return bytes.error();
  }
  return decode_holder_entries(*bytes);
}

Result<void> KernelPicture::track_held() {
  const auto nothing = walk_descriptors(0, true);
  return nothing ? Result<void>() : nothing.error();
}

bool KernelPicture::init_is_hidden() const {
  if (session_.skeleton().bss->pw_saw_init != 0) {
    return false;
  }
  std::error_code refused;
  return !std::filesystem::is_empty("/proc/1/fd", refused) && !refused;
}

Result<std::vector<Missing>> KernelPicture::track_existing() {
  std::vector<Missing> gaps;
  if (auto pass = track_held(); !pass) {
    return pass.error();
  }
  if (auto done = track_kernel_sockets(gaps); !done) {
    return done.error();
  }
  // A descriptor may have been sent from a process not yet visited to one that
  // was: the second pass finds it where it has come to rest.
  if (auto pass = track_held(); !pass) {
    return pass.error();
  }
  return gaps;
}

Result<void> KernelPicture::track_in_this_netns() {
  session_.skeleton().bss->pw_wanted_port = 0;
  for (const BpfLink* link : {&tag_tcp_, &tag_udp_}) {
    if (auto bytes = read_iterator(bpf_link__fd(link->get())); !bytes) {
      return bytes.error();
    }
  }
  return {};
}

Result<void> KernelPicture::track_kernel_sockets(std::vector<Missing>& gaps) {
  auto view = find_namespaces(0);
  if (!view) {
    return view.error();
  }
  Result<void> done;
  std::size_t refused = 0;
  for (const Namespace& where : view->namespaces) {
    const auto there =
        run_in_namespace(where, [&] { done = track_in_this_netns(); });
    if (!there) {
      return there.error();
    }
    if (!done) {
      return done;
    }
    refused += there->has_value() ? 1 : 0;
  }
  if (refused != 0 || view->gap) {
    gaps.push_back({"namespaces",
                    "kernel sockets and descriptors in flight, older than "
                    "portwatchd, in network namespaces that it cannot enter"});
  }
  return done;
}

}  // namespace portwatch
