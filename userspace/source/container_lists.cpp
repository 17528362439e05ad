#include "userspace/source/container_lists.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "userspace/source/managers_in_use.h"
#include "userspace/source/unix_http.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Who is not in the list may be in the next one...
constexpr BootTime kRetry = seconds(3);
// ...all the more who has just begun: a runtime starts the proxies of a container
// before it counts it among those that run.
constexpr BootTime kYoung = seconds(10);
constexpr BootTime kRetryYoung = milliseconds(250);
// Who is in it may have been renamed.
constexpr BootTime kRefresh = seconds(60);
constexpr milliseconds kBackgroundTimeout{2000};
constexpr milliseconds kInPlaceTimeout{500};
// About two kilobytes a container.
constexpr std::size_t kMaxAnswer = std::size_t{8} << 20;

bool is_there(const std::string& socket) {
  return access(socket.c_str(), F_OK) == 0;
}

}  // namespace

RuntimeSockets default_runtime_sockets() {
  return {{"docker", {"/run/docker.sock", "/var/run/docker.sock"}},
          {"podman", {"/run/podman/podman.sock"}}};
}

ContainerLists::ContainerLists(const Clock& clock, Asking asking,
                               const RuntimeSockets& sockets, Report report)
    : clock_(clock), asking_(asking), report_(std::move(report)) {
  set_sockets(sockets);
}

ContainerLists::~ContainerLists() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ContainerLists::set_sockets(const RuntimeSockets& sockets) {
  const std::lock_guard lock(mutex_);
  runtimes_.clear();
  queue_.clear();
  for (const auto& [name, paths] : sockets) {
    runtimes_[name].sockets = paths;
  }
}

void ContainerLists::meet() {
  const std::unique_lock lock(mutex_);
  meeting_ = true;
  wake(lock);
}

std::shared_ptr<const ContainerLists::Listing> ContainerLists::listing_of(
    const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = runtimes_.find(name);
  return known == runtimes_.end() ? nullptr : known->second.listing;
}

std::optional<RuntimeContainer> ContainerLists::find(const std::string& runtime,
                                                     const Condition& condition,
                                                     BootTime since, Older older) {
  for (bool asked = false;; asked = true) {
    const auto listing = listing_of(runtime);
    std::optional<RuntimeContainer> found;
    if (listing != nullptr &&
        (older == Older::will_do || listing->asked >= since)) {
      const auto& all = listing->containers;
      const auto at = std::find_if(all.begin(), all.end(), condition);
      found = at == all.end() ? std::nullopt : std::optional(*at);
    }
    // A list of the very beginning is looked at again soon: the runtime may not
    // have finished with the earlier owner then.
    const bool settled =
        found && (older == Older::will_do || listing->asked - since >= kRetry);
    const bool young = !found && clock_.boot_now() - since < kYoung;
    const BootTime patience = settled ? kRefresh : young ? kRetryYoung : kRetry;
    if (asked || !ask_again(runtime, patience)) {
      return found;
    }
  }
}

// True when there is a new list now.
bool ContainerLists::ask_again(const std::string& name, BootTime patience) {
  std::unique_lock lock(mutex_);
  const auto known = runtimes_.find(name);
  if (known == runtimes_.end() || known->second.pending ||
      known->second.sockets.empty() ||
      (known->second.tried &&
       clock_.boot_now() - *known->second.tried < patience)) {
    return false;
  }
  known->second.pending = true;
  if (asking_ == Asking::in_place) {
    const auto sockets = known->second.sockets;
    lock.unlock();
    ask(name, sockets);
    return true;
  }
  queue_.push_back(name);
  wake(lock);
  return false;
}

// REQUIRES: the lock is held; the parameter is there to show that.
void ContainerLists::wake(const std::unique_lock<std::mutex>&) {
  if (thread_.joinable()) {
    wake_.notify_one();
    return;
  }
  try {
    thread_ = std::thread([this] { work(); });
  } catch (
      const std::system_error&) {  // no more threads for now: asked again later
    for (const std::string& name : queue_) {
      runtimes_[name].pending = false;
      runtimes_[name].tried = clock_.boot_now();
    }
    queue_.clear();
  }
}

void ContainerLists::queue_those_in_use(std::unique_lock<std::mutex>& lock) {
  meeting_ = false;
  lock.unlock();
  const auto managers = managers_in_use();
  lock.lock();
  for (auto& [name, runtime] : runtimes_) {
    if (managers.contains(name) && !runtime.sockets.empty() && !runtime.pending &&
        !runtime.tried) {
      runtime.pending = true;
      queue_.push_back(name);
    }
  }
}

void ContainerLists::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || meeting_ || !queue_.empty(); });
    if (stopping_) {
      return;
    }
    if (meeting_) {
      queue_those_in_use(lock);
      continue;
    }
    const std::string name = queue_.back();
    queue_.pop_back();
    const auto sockets = runtimes_[name].sockets;
    lock.unlock();
    ask(name, sockets);
    lock.lock();
  }
}

void ContainerLists::ask(const std::string& name,
                         const std::vector<std::string>& sockets) {
  auto listing = fetch(name, sockets);
  {
    const std::lock_guard lock(mutex_);
    const auto runtime = runtimes_.find(name);
    if (runtime == runtimes_.end() || runtime->second.sockets != sockets) {
      return;  // set_sockets() was faster
    }
    runtime->second.pending = false;
    runtime->second.tried = clock_.boot_now();
    // Without an answer the old list stays: ids are never used again, and who
    // asks about an address says how old the list may be.
    if (listing) {
      runtime->second.listing = std::make_shared<const Listing>(*listing);
    }
  }
  if (!listing && !stopping_) {
    report_("containers of " + name + " are not known: " + listing.error().context);
  }
}

Result<ContainerLists::Listing> ContainerLists::fetch(
    const std::string& name, const std::vector<std::string>& sockets) const {
  const auto socket = std::find_if(sockets.begin(), sockets.end(), is_there);
  if (socket == sockets.end()) {
    return Error{Errc::not_found, "there is no socket of " + name};
  }
  UnixGet request;
  request.socket = *socket;
  request.target = kContainersTarget;
  request.timeout =
      asking_ == Asking::in_place ? kInPlaceTimeout : kBackgroundTimeout;
  request.max_bytes = kMaxAnswer;
  request.cancel = &stopping_;
  Listing listing;
  listing.asked = clock_.boot_now();
  const auto bytes = http_get(request);
  if (!bytes) {
    return bytes.error();
  }
  auto containers = parse_containers(*bytes);
  if (!containers) {
    return add_context(containers.error(), *socket);
  }
  listing.containers = std::move(containers).value();
  return listing;
}

}  // namespace portwatch
