// container_lists.h - the running containers of each runtime, as it last told.
//
// A list is asked for when somebody looks for what is not in it, or when it is
// old and somebody looks at all: nothing polls, and a runtime whose containers
// hold no port is never spoken to.
//
// Threads: all calls from one. With Asking::background a thread of its own, begun
// with the first request, speaks to the runtimes, so that one that hangs delays
// nobody; the lock is held to hand over requests and lists.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/source/container_runtime.h"

namespace portwatch {

// Runtime -> where its socket may be, in the order of trial. No path: not asked.
using RuntimeSockets = std::map<std::string, std::vector<std::string>>;
// Docker and Podman, where their packages put the sockets.
RuntimeSockets default_runtime_sockets();

class ContainerLists {
 public:
  // in_place: find() waits for the runtime, at most half a second each.
  enum class Asking { background, in_place };
  // Told why a list could not be had; background: in the thread that asks.
  using Report = std::function<void(const std::string&)>;
  using Condition = std::function<bool(const RuntimeContainer&)>;

  // The clock must outlive this.
  ContainerLists(const Clock& clock, Asking asking, const RuntimeSockets& sockets,
                 Report report);
  // May take a second while a runtime hangs.
  ~ContainerLists();
  ContainerLists(const ContainerLists&) = delete;
  ContainerLists& operator=(const ContainerLists&) = delete;

  // Forgets all lists.
  void set_sockets(const RuntimeSockets& sockets);
  // Asks, in the background, the runtimes that have containers now, so that they
  // are known before somebody looks for one.
  void meet();

  // What an older list says of a container's address may be about an earlier owner
  // of that address; what it says of an id is about that id for ever.
  enum class Older { will_do, will_not_do };
  // The container of `runtime` that meets `condition`; it has been there since
  // `since`. Empty: there is none, or it is not known yet.
  std::optional<RuntimeContainer> find(const std::string& runtime,
                                       const Condition& condition, BootTime since,
                                       Older older);

 private:
  struct Listing {
    BootTime asked{0};
    std::vector<RuntimeContainer> containers;
  };
  struct Runtime {
    std::vector<std::string> sockets;
    std::shared_ptr<const Listing> listing;
    std::optional<BootTime> tried;  // when the last attempt ended
    bool pending = false;
  };

  std::shared_ptr<const Listing> listing_of(const std::string& name) const;
  bool ask_again(const std::string& name, BootTime patience);
  void ask(const std::string& name, const std::vector<std::string>& sockets);
  Result<Listing> fetch(const std::string& name,
                        const std::vector<std::string>& sockets) const;
  void wake(const std::unique_lock<std::mutex>& lock);
  void queue_those_in_use(std::unique_lock<std::mutex>& lock);
  void work();

  const Clock& clock_;
  const Asking asking_;
  const Report report_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;  // for what is below
  std::map<std::string, Runtime> runtimes_;
  std::vector<std::string> queue_;
  bool meeting_ = false;  // meet() was called and is not done
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace portwatch
