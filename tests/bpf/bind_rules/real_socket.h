// real_socket.h - sockets made to order, each with the Binding that describes it.
//
// Everything that a Binding says is read back from the kernel, but for the user,
// whom a process cannot ask for.
#pragma once

#include <sys/types.h>

#include <string>

#include "userspace/base/unique_fd.h"
#include "userspace/model/binding.h"
#include "userspace/model/verdict.h"

namespace portwatch::test {

// What somebody wants of a socket.
struct Wish {
  Protocol protocol = Protocol::tcp;
  std::string address = "0.0.0.0";
  bool ipv6_only = false;
  bool reuse_addr = false;
  bool reuse_port = false;
  uid_t uid = 0;
  std::string device;  // empty: any
};
std::string to_string(const Wish& wish);

// How the port is taken.
enum class Hold {
  bound,
  listening,
  connected,  // bound to the port, then connected
  client,     // the port is automatic, from connect(2)
  child,      // accepted, the listener is gone
  time_wait,  // the same, and closed
};
std::string to_string(Hold hold);

struct Held {
  UniqueFd fd;    // not valid for time_wait
  UniqueFd peer;  // of a connection
  Binding binding;
};

// A server that accepts whom it is sent, for clients: on 127.0.0.1 and ::1.
struct Server {
  UniqueFd fd;
  Port port = 0;
};

// A socket as wished, not yet bound. Throws when the kernel refuses.
UniqueFd socket_as(const Wish& wish);
void set_reuse(const UniqueFd& socket, bool addr, bool port);
// errno of the call, as that user; 0 is success.
int bind_as(const UniqueFd& socket, const Wish& wish, Port port);
int listen_on(const UniqueFd& socket);
// The request that `wish` is. `netns` as given to described().
BindRequest request_for(const Wish& wish, Port port);
// What the kernel says of the socket now.
Binding described(const UniqueFd& socket, const Wish& wish, SocketState state);

Server make_server(Protocol protocol);
// Holds `port` as wished; Hold::client takes another one, see the binding.
Held hold(Hold how, const Wish& wish, Port port, const Server& server);
// Ends a connection without leaving anything behind.
void drop(Held& held);

}  // namespace portwatch::test
