#include "userspace/api/varlink_server.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "userspace/api/methods.h"
#include "userspace/api/varlink_clients.h"

namespace portwatch {
namespace {

using std::chrono::milliseconds;

// Newcomers come before everybody's second call: with a crowd at the door, who
// asks one thing waits for one call of each who came before, and no more.
constexpr int kAcceptsPerTurn = 128;
constexpr milliseconds kAcceptPause{100};  // after the kernel refused a socket

bool is_option(int socket, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &size) == 0 &&
         value == wanted;
}

Result<void> check_listener(int socket) {
  if (!is_option(socket, SO_DOMAIN, AF_UNIX) ||
      !is_option(socket, SO_TYPE, SOCK_STREAM) ||
      !is_option(socket, SO_ACCEPTCONN, 1)) {
    return Error{Errc::invalid, "not a listening Unix stream socket"};
  }
  const int flags = fcntl(socket, F_GETFL);
  if (fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) {
    return errno_error(errno, "O_NONBLOCK");
  }
  return {};
}

}  // namespace

struct VarlinkServer::Impl {
  Impl(EventLoop& l, Service& s, const EventLog& g, UniqueFd f, ServerOptions o)
      : loop(l), service(s), log(g), listener(std::move(f)), options(o) {}
  ~Impl();

  Result<void> open_door();
  void on_connection();
  bool accept_one();
  void refused(int number);
  void welcome(UniqueFd socket);
  void evict(const VarlinkConnection* newcomer);

  void on_ready(int fd, std::uint32_t events);
  void serve_all();
  void serve(VarlinkConnection& client);
  void on_timeout(int fd);
  void handle_call(VarlinkConnection& client);
  void subscribe(VarlinkConnection& client, Subscription subscription);
  void deliver(VarlinkConnection& client, EventMessages& messages);
  void publish(const Change& change);

  // Brings the loop in line with what the client now waits for, or drops it:
  // `client` may be gone afterwards.
  void settle(VarlinkConnection& client);
  void settle_noted();
  void settle_timer(VarlinkConnection& client);
  void settle_turn(VarlinkConnection& client);
  void limit_total();
  void drop(VarlinkConnection& client);

  EventLoop& loop;
  Service& service;
  const EventLog& log;
  UniqueFd listener;
  ServerOptions options;
  VarlinkClients clients;
  std::uint64_t activity = 0;  // a clock that only counts
  EventLoop::TimerId door_timer = 0;
  std::vector<int> to_serve;  // descriptors, at the end of this turn of the loop
  // Within a call to the service. publish() may come from there, and must then
  // leave the list of clients alone: it notes descriptors to settle instead.
  bool in_call = false;
  std::vector<int> unsettled;
};

VarlinkServer::Impl::~Impl() {
  loop.remove(listener.get());
  loop.cancel(door_timer);
  while (clients.size() > 0) {
    drop(*clients.begin()->second);
  }
}

Result<void> VarlinkServer::Impl::open_door() {
  return loop.add(listener.get(), EPOLLIN,
                  [this](std::uint32_t) { on_connection(); });
}

void VarlinkServer::Impl::on_connection() {
  for (int i = 0; i < kAcceptsPerTurn && accept_one(); ++i) {
  }
}

bool VarlinkServer::Impl::accept_one() {
  UniqueFd socket(
      accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.valid()) {
    welcome(std::move(socket));
    return true;
  }
  if (errno == EINTR || errno == ECONNABORTED) {
    return true;
  }
  if (errno != EAGAIN) {
    refused(errno);
  }
  return false;
}

// No descriptor or no memory: the connection stays in the backlog and the
// listener stays ready, so a loop that went on would spin. Somebody makes room,
// and the door is shut for a moment.
void VarlinkServer::Impl::refused(int number) {
  if (number == EMFILE || number == ENFILE) {
    evict(nullptr);
  }
  loop.remove(listener.get());
  door_timer = loop.after(kAcceptPause, [this] {
    if (!open_door()) {
      refused(ENOMEM);  // no memory for epoll either: try again later
    }
  });
}

void VarlinkServer::Impl::welcome(UniqueFd socket) {
  const Result<Peer> peer = peer_of(socket.get());
  if (!peer) {
    return;  // gone already
  }
  const int fd = socket.get();
  VarlinkConnection& client = clients.add(std::make_unique<VarlinkConnection>(
      std::move(socket), *peer, options.max_request_bytes));
  client.last_activity = ++activity;
  client.registered_interest = EPOLLIN;
  if (!loop.add(fd, EPOLLIN, [this, fd](std::uint32_t e) { on_ready(fd, e); })) {
    clients.erase(fd);
    return;
  }
  if (clients.size() > options.max_clients) {
    evict(&client);
  }
  on_ready(fd, EPOLLIN);  // the request is often there already
}

void VarlinkServer::Impl::evict(const VarlinkConnection* newcomer) {
  if (VarlinkConnection* client = clients.most_expendable(newcomer)) {
    client->finish(overloaded_message("too many clients: the longest idle goes"));
    drop(*client);
  }
}

void VarlinkServer::Impl::on_ready(int fd, std::uint32_t events) {
  VarlinkConnection* client = clients.find(fd);
  if (client == nullptr) {
    return;
  }
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && client->hung_up()) {
    drop(*client);
    return;
  }
  const std::uint64_t before = client->progress();
  if ((events & EPOLLOUT) != 0) {
    client->flush();
  }
  if ((events & EPOLLIN) != 0) {
    client->receive();
  }
  if (client->progress() != before) {
    client->last_activity = ++activity;
  }
  if (to_serve.empty()) {
    loop.after_turn([this] { serve_all(); });
  }
  to_serve.push_back(fd);
}

// What every client has asked by now is answered at once: one look at the host may
// be enough for all.
void VarlinkServer::Impl::serve_all() {
  for (const int fd : std::exchange(to_serve, {})) {
    if (VarlinkConnection* client = clients.find(fd)) {
      serve(*client);
    }
  }
  service.end_questions();
}

void VarlinkServer::Impl::serve(VarlinkConnection& client) {
  const std::uint64_t before = client.progress();
  handle_call(client);
  if (client.progress() != before) {
    client.last_activity = ++activity;
  }
  settle(client);
  settle_noted();
}

// One call: whoever pipelines thousands waits behind everybody else.
void VarlinkServer::Impl::handle_call(VarlinkConnection& client) {
  if (client.too_long()) {
    client.finish(invalid_parameter_message("message"));
    return;
  }
  const auto message = client.next_call();
  if (!message) {
    return;
  }
  const Result<VarlinkCall> call = parse_call(*message);
  if (!call) {  // what speaks no Varlink is not listened to any longer
    client.finish(invalid_parameter_message(call.error().context));
    return;
  }
  in_call = true;
  MethodOutcome outcome = dispatch(
      *call, {service, client.peer(), clients.size(), clients.subscribers()});
  in_call = false;
  if (call->oneway) {
    return;
  }
  if (outcome.subscription) {
    subscribe(client, std::move(*outcome.subscription));
  } else {
    client.send(std::move(outcome.reply));
  }
}

void VarlinkServer::Impl::subscribe(VarlinkConnection& client,
                                    Subscription subscription) {
  if (!subscription.more && subscription.recent > 0) {
    subscription.recent = 1;
  }
  const auto messages = recent_messages(subscription, log, client.peer().viewer,
                                        options.max_queue_bytes / 2);
  for (const SharedMessage& message : messages) {
    client.send(message, true);
  }
  if (subscription.more || messages.empty()) {
    client.subscription = std::move(subscription);
  }
}

void VarlinkServer::Impl::deliver(VarlinkConnection& client,
                                  EventMessages& messages) {
  const bool more = client.subscription->more;
  if (!more) {
    client.subscription.reset();
  }
  client.send(messages.get(client.peer().viewer, more), false);
  if (client.queued_bytes() > options.max_queue_bytes) {
    client.flush();  // it may have read since the loop last looked
  }
  if (client.queued_bytes() > options.max_queue_bytes) {
    client.finish(overloaded_message("events were not read fast enough"));
  }
}

void VarlinkServer::Impl::publish(const Change& change) {
  EventMessages messages(change);
  for (const auto& [fd, client] : clients) {
    if (client->subscription && client->subscription->wants(change)) {
      deliver(*client, messages);
      unsettled.push_back(fd);
    }
  }
  if (!in_call) {
    settle_noted();
  }
}

void VarlinkServer::Impl::settle_noted() {
  for (const int fd : std::exchange(unsettled, {})) {
    if (VarlinkConnection* client = clients.find(fd)) {
      settle(*client);
    }
  }
}

void VarlinkServer::Impl::settle(VarlinkConnection& client) {
  const std::uint32_t interest = client.interest();
  if (client.dead() || (interest != client.registered_interest &&
                        !loop.change(client.fd(), interest))) {
    drop(client);
    return;
  }
  client.registered_interest = interest;
  settle_timer(client);
  settle_turn(client);
  if (client.owned_bytes() > 0) {
    limit_total();
  }
}

void VarlinkServer::Impl::settle_timer(VarlinkConnection& client) {
  const bool stuck = client.stuck();
  if (client.timer != 0 && (!stuck || client.timer_progress != client.progress())) {
    loop.cancel(std::exchange(client.timer, 0));
  }
  if (stuck && client.timer == 0) {
    client.timer_progress = client.progress();
    client.timer = loop.after(options.message_timeout,
                              [this, fd = client.fd()] { on_timeout(fd); });
  }
}

void VarlinkServer::Impl::settle_turn(VarlinkConnection& client) {
  if (client.wants_turn() && client.turn == 0) {
    client.turn = loop.after(milliseconds(0), [this, fd = client.fd()] {
      clients.find(fd)->turn = 0;  // drop() cancels the turns of the dead
      on_ready(fd, 0);
    });
  }
}

void VarlinkServer::Impl::on_timeout(int fd) {
  VarlinkConnection& client = *clients.find(fd);  // drop() cancels the timers
  client.timer = 0;
  if (client.queued_bytes() > 0) {
    drop(client);  // in the middle of a message that it does not read
    return;
  }
  client.finish(invalid_parameter_message("message"));
  settle(client);
}

// One answer may be larger than the limit (a list of 100,000 bindings): it is given
// while nobody else waits for his.
void VarlinkServer::Impl::limit_total() {
  while (clients.owned_bytes() > options.max_total_bytes) {
    VarlinkConnection* slowest = clients.slowest_reader();
    if (slowest->owned_bytes() == clients.owned_bytes()) {
      return;
    }
    drop(*slowest);
  }
}

void VarlinkServer::Impl::drop(VarlinkConnection& client) {
  loop.remove(client.fd());
  loop.cancel(client.timer);
  loop.cancel(client.turn);
  clients.erase(client.fd());
}

VarlinkServer::VarlinkServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

VarlinkServer::~VarlinkServer() = default;

Result<std::unique_ptr<VarlinkServer>> VarlinkServer::make(EventLoop& loop,
                                                           Service& service,
                                                           const EventLog& log,
                                                           UniqueFd listener,
                                                           ServerOptions options) {
  if (const auto fit = check_listener(listener.get()); !fit) {
    return fit.error();
  }
  auto impl =
      std::make_unique<Impl>(loop, service, log, std::move(listener), options);
  if (const auto opened = impl->open_door(); !opened) {
    return opened.error();
  }
  return std::unique_ptr<VarlinkServer>(new VarlinkServer(std::move(impl)));
}

void VarlinkServer::publish(const Change& change) { impl_->publish(change); }

void VarlinkServer::set_max_clients(std::size_t most) {
  impl_->options.max_clients = most;
}

std::size_t VarlinkServer::clients() const { return impl_->clients.size(); }

std::size_t VarlinkServer::subscribers() const {
  return impl_->clients.subscribers();
}

}  // namespace portwatch
