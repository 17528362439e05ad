#include "userspace/source/bpf_session.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iterator>

#include "userspace/base/clock.h"
#include "userspace/base/linux_values.h"
#include "userspace/source/cgroup_programs.h"
#include "userspace/source/program_info.h"
#include "userspace/source/read_file.h"
#include "userspace/source/skeleton.h"

namespace portwatch {
namespace {

constexpr std::size_t kSmallestRing = 4096;
// Between two looks at a busy ring; also what an event that follows another may
// wait.
constexpr std::chrono::nanoseconds kAttention{100'000};

int no_output(libbpf_print_level, const char*, va_list) { return 0; }

// One more than the highest number of a CPU that the host may ever have: numbers
// may have gaps. 0: not known. Source: Documentation/admin-guide/cputopology.rst.
std::size_t cpu_numbers() {
  const auto text = read_file_at(AT_FDCWD, "/sys/devices/system/cpu/possible");
  if (!text) {  // ranges: "0-3,8-11"
    return 0;
  }
  const std::size_t last = text->find_last_of("-,");
  return std::strtoul(text->c_str() + (last == std::string::npos ? 0 : last + 1),
                      nullptr, 10) +
         1;
}

// Releasing hooks come first: a socket that is tracked is then sure to be
// released. A new hook is one line here.
std::vector<bpf_program*> programs_in_order(portwatch_bpf& skeleton) {
  auto& all = skeleton.progs;
  return {all.pw_sock_release, all.pw_tcp_destroy_sock, all.pw_process_fork,
          all.pw_process_exec, all.pw_process_exit,     all.pw_post_bind4,
          all.pw_post_bind6,   all.pw_connect4,         all.pw_connect6,
          all.pw_sockops};
}

Error attach_error(int number, const std::string& name,
                   const std::vector<std::string>& others) {
  Error error = errno_error(number, "cannot attach " + name);
  if (number != EPERM) {
    return error;
  }
  if (others.empty()) {
    error.context += " (root or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN are needed)";
    return error;
  }
  error.context += ": another tool holds the root cgroup exclusively with program";
  for (const std::string& other : others) {
    error.context += " " + other;
  }
  error.context += " (see `bpftool cgroup show`)";
  return error;
}

}  // namespace

void BpfDeleter::operator()(bpf_link* link) const { bpf_link__destroy(link); }
void BpfDeleter::operator()(bpf_object* object) const { bpf_object__close(object); }
void BpfDeleter::operator()(portwatch_bpf* skeleton) const {
  portwatch_bpf__destroy(skeleton);
}
void BpfDeleter::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

BpfSession::~BpfSession() {
  if (pins_ != nullptr && !leave_pins_) {
    pins_->remove_all();
  }
}

Result<std::unique_ptr<BpfSession>> BpfSession::open(const Options& options) {
  auto session = begin(options);
  if (session) {
    (*session)->finish();
  }
  return session;
}

Result<std::unique_ptr<BpfSession>> BpfSession::begin(const Options& options) {
  std::unique_ptr<BpfSession> session(new BpfSession());
  session->open_pins(options.pin_directory);
  for (const auto& step : {std::function([&] { return session->load(options); }),
                           std::function([&] { return session->map_counters(); }),
                           std::function([&] { return session->attach_all(); }),
                           std::function([&] { return session->open_ring(); })}) {
    if (const auto done = step(); !done) {
      return done.error();
    }
  }
  // Where no thread can be had, finish() does it.
  session->loading_ = std::async([object = session->skeleton_->obj,
                                  cgroup = session->cgroup_.directory.get(),
                                  wanted = options.bind_results] {
    return FailureHooks(object, cgroup, wanted);
  });
  return session;
}

void BpfSession::finish() { failures_ = loading_.get(); }

Result<void> BpfSession::load(const Options& options) {
  libbpf_set_print(no_output);
  auto root = open_cgroup_root();
  if (!root) {
    return root.error();
  }
  cgroup_ = std::move(root).value();
  if (auto ready = set_up_object(options); !ready) {
    return ready;
  }
  inherited_ = inherit_maps();
  if (const int failed = portwatch_bpf__load(skeleton_.get()); failed != 0) {
    return errno_error(-failed, "cannot load the eBPF programs");
  }
  if (!inherited_) {
    pin_maps();
  }
  return {};
}

Result<void> BpfSession::set_up_object(const Options& options) {
  skeleton_.reset(portwatch_bpf__open());
  if (skeleton_ == nullptr) {
    return errno_error(errno, "cannot open the eBPF object");
  }
  struct stat pid_namespace {};
  if (stat("/proc/self/ns/pid", &pid_namespace) != 0) {
    return errno_error(errno, "cannot read /proc/self/ns/pid");
  }
  init_pid_namespace_ = pid_namespace.st_ino == kInitPidNamespace;
  skeleton_->rodata_shared->pw_pid_namespace =
      static_cast<std::uint32_t>(pid_namespace.st_ino);
  skeleton_->rodata_shared->pw_cgroup_by_helper =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCK_OPS,
                              BPF_FUNC_get_current_cgroup_id, nullptr) == 1;
  skeleton_->data_shared->pw_next_id =
      static_cast<std::uint64_t>(SystemClock().boot_now().count());
  const auto set_size = [](bpf_map* map, std::size_t entries) {
    bpf_map__set_max_entries(map, static_cast<__u32>(entries));
  };
  set_size(skeleton_->maps.pw_ring,
           std::bit_ceil(std::max(options.ring_bytes, kSmallestRing)));
  const std::size_t cpus = cpu_numbers();
  if (cpus == 0) {
    return errno_error(errno, "cannot read /sys/devices/system/cpu/possible");
  }
  set_size(skeleton_->maps.pw_counters, cpus);
  set_size(skeleton_->maps.pw_picture, options.picture_size);
  return {};
}

Result<void> BpfSession::attach_all() {
  for (bpf_program* program : programs_in_order(*skeleton_)) {
    auto link = attach(program);
    if (!link) {
      return link.error();
    }
    hooks_.push_back({bpf_program__section_name(program), bpf_program__fd(program),
                      is_tracing(program), std::move(link).value()});
  }
  return {};
}

Result<BpfLink> BpfSession::attach(bpf_program* program) {
  if (BpfLink link = inherit_link(program)) {
    return link;
  }
  auto link = attach_anew(program);
  if (link) {
    pin_link(program, *link);
  }
  return link;
}

Result<BpfLink> BpfSession::attach_anew(bpf_program* program) {
  const int cgroup = cgroup_.directory.get();
  BpfLink link(is_tracing(program) ? bpf_program__attach(program)
                                   : bpf_program__attach_cgroup(program, cgroup));
  if (link == nullptr) {
    const int number = errno;
    return attach_error(
        number, bpf_program__section_name(program),
        cgroup_programs(cgroup, bpf_program__expected_attach_type(program)));
  }
  return link;
}

Result<void> BpfSession::open_ring() {
  ring_.reset(ring_buffer__new(bpf_map__fd(skeleton_->maps.pw_ring), handle_record,
                               this, nullptr));
  if (ring_ == nullptr) {
    return errno_error(errno, "cannot map the ring buffer");
  }
  timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  events_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!timer_.valid() || !events_.valid()) {
    return errno_error(errno, "cannot make a timer");
  }
  epoll_event readable{};
  readable.events = EPOLLIN;
  for (const int fd : {ring_buffer__epoll_fd(ring_.get()), timer_.get()}) {
    if (epoll_ctl(events_.get(), EPOLL_CTL_ADD, fd, &readable) != 0) {
      return errno_error(errno, "cannot watch the ring buffer");
    }
  }
  return map_positions();
}

// libbpf 1.1 does not tell whether a record is on its way (reserved, not yet
// submitted). Layout: kernel/bpf/ringbuf.c, struct bpf_ringbuf.
Result<void> BpfSession::map_positions() {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  positions_ = map_for_reading(skeleton_->maps.pw_ring, 2 * page);
  if (positions_ == nullptr) {
    return errno_error(errno, "cannot map the ring buffer");
  }
  return {};
}

Result<void> BpfSession::map_counters() {
  const bpf_map* map = skeleton_->maps.pw_counters;
  counters_ = map_for_reading(map, bpf_map__max_entries(map) * sizeof(pw_counters));
  if (counters_ == nullptr) {
    return errno_error(errno, "cannot map the counters");
  }
  return {};
}

void BpfSession::Unmap::operator()(void* pages) const { munmap(pages, bytes); }

// Null, with errno.
BpfSession::Mapping BpfSession::map_for_reading(const bpf_map* map,
                                                std::size_t bytes) {
  void* pages = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
  return {pages == MAP_FAILED ? nullptr : pages, Unmap{bytes}};
}

bool BpfSession::ring_is_empty() const {
  const auto* consumer = static_cast<const std::byte*>(positions_.get());
  const auto* producer = consumer + sysconf(_SC_PAGESIZE);
  const auto position = [](const std::byte* at) {
    return __atomic_load_n(reinterpret_cast<const unsigned long*>(at),
                           __ATOMIC_ACQUIRE);
  };
  return position(producer) == position(consumer);
}

void BpfSession::await_more(bool some) {
  std::uint64_t expirations = 0;
  (void)!read(timer_.get(), &expirations, sizeof expirations);
  __u32& attentive = skeleton_->data_shared->pw_attentive;
  __atomic_store_n(&attentive, some ? 1 : 0, __ATOMIC_SEQ_CST);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);  // see pw_submit() in emit.bpf.h
  if (!some && !ring_is_empty()) {
    __atomic_store_n(&attentive, 1, __ATOMIC_SEQ_CST);
    some = true;
  }
  if (some) {
    const itimerspec soon{{}, {0, kAttention.count()}};
    timerfd_settime(timer_.get(), 0, &soon, nullptr);
  }
}

int BpfSession::handle_record(void* self, void* data, std::size_t size) {
  auto& session = *static_cast<BpfSession*>(self);
  if (session.on_record_) {
    session.on_record_({static_cast<const std::byte*>(data), size});
  }
  // A negative value ends libbpf's loop, with this record consumed.
  return --session.budget_ == 0 ? -ECANCELED : 0;
}

Result<std::size_t> BpfSession::consume(std::size_t limit) {
  budget_ = limit;
  const int count = ring_buffer__consume(ring_.get());
  if (count < 0 && count != -ECANCELED) {
    return errno_error(-count, "cannot read the ring buffer");
  }
  return limit - budget_;
}

BpfSession::Counters BpfSession::total_counters() const {
  Counters sum;
  const std::span cpus(static_cast<const pw_counters*>(counters_.get()),
                       bpf_map__max_entries(skeleton_->maps.pw_counters));
  for (const pw_counters& cpu : cpus) {
    sum.drops += __atomic_load_n(&cpu.drops, __ATOMIC_ACQUIRE);
    sum.storage_failures +=
        __atomic_load_n(&cpu.storage_failures, __ATOMIC_ACQUIRE);
  }
  return sum;
}

BpfSession::Counters BpfSession::counters() const {
  const Counters total = total_counters();
  return {total.drops - told_.drops,
          total.storage_failures - told_.storage_failures};
}

std::uint64_t BpfSession::own_skipped_runs() const {
  std::uint64_t sum = 0;
  for (const Hook& hook : hooks_) {
    sum += hook.skippable ? recursion_misses(hook.program_fd) : 0;
  }
  return sum;
}

std::uint64_t BpfSession::skipped_runs() const {
  return own_skipped_runs() + old_skips_ - std::min(old_skips_, told_skips_);
}

std::vector<HookStatus> BpfSession::hooks() const {
  std::vector<HookStatus> all;
  for (const Hook& hook : hooks_) {
    all.push_back({hook.name, true, "", recursion_misses(hook.program_fd)});
  }
  auto results = failures_.hooks();
  std::move(results.begin(), results.end(), std::back_inserter(all));
  return all;
}

}  // namespace portwatch
