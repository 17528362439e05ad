#include "userspace/conflict/conflict.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "userspace/conflict/address.h"

namespace portwatch {
namespace {

using Maybe = std::optional<bool>;

Maybe all_true(std::initializer_list<Maybe> values) {
  if (std::any_of(values.begin(), values.end(),
                  [](Maybe v) { return v == false; })) {
    return false;
  }
  const bool known = std::all_of(values.begin(), values.end(),
                                 [](Maybe v) { return v.has_value(); });
  return known ? Maybe(true) : std::nullopt;
}

Maybe opposite(Maybe value) { return value ? Maybe(!*value) : std::nullopt; }

Maybe same_user(const BindRequest& request, const Binding& binding) {
  if (is_remembered(binding)) {
    return true;  // the kernel does not ask
  }
  if (!request.uid) {
    return false;
  }
  return binding.uid ? Maybe(*binding.uid == *request.uid) : std::nullopt;
}

bool is_stream_listener(const Binding& binding) {
  return is_stream(binding.endpoint.protocol) &&
         binding.state == SocketState::listening;
}

// True when the options of both let them share the address.
Maybe options_pass(const BindRequest& request, const Binding& binding) {
  const Maybe by_address = all_true(
      {request.reuse_addr, binding.reuse_addr, !is_stream_listener(binding)});
  const Maybe by_port = all_true(
      {request.reuse_port, binding.reuse_port, same_user(request, binding)});
  return opposite(all_true({opposite(by_address), opposite(by_port)}));
}

Maybe devices_meet(const BindRequest& request, const Binding& binding) {
  if (request.interface_index == 0) {
    return true;
  }
  if (binding.interface_index == 0) {
    // A name without its index is some interface, but which is not known.
    return binding.interface ? std::nullopt : Maybe(true);
  }
  return request.interface_index == binding.interface_index;
}

std::vector<Binding> those_with(const BindRequest& request,
                                std::span<const Binding> bindings, Maybe verdict) {
  std::vector<Binding> found;
  std::copy_if(
      bindings.begin(), bindings.end(), std::back_inserter(found),
      [&](const Binding& one) { return conflicts(request, one) == verdict; });
  return found;
}

}  // namespace

bool same_table(Protocol a, Protocol b) {
  const auto table = [](Protocol protocol) {
    return protocol == Protocol::mptcp ? Protocol::tcp : protocol;
  };
  return table(a) == table(b);
}

bool is_remembered(const Binding& binding) {
  return binding.state == SocketState::closing && binding.inode == 0 &&
         binding.remaining.has_value();
}

std::optional<bool> conflicts(const BindRequest& request, const Binding& binding) {
  const Endpoint& wanted = request.endpoint;
  if (wanted.port == 0 || wanted.port != binding.endpoint.port ||
      request.netns != binding.netns ||
      !same_table(wanted.protocol, binding.endpoint.protocol)) {
    return false;
  }
  return all_true({addresses_overlap(request, binding),
                   devices_meet(request, binding),
                   opposite(options_pass(request, binding))});
}

std::vector<Binding> blockers(const BindRequest& request,
                              std::span<const Binding> bindings) {
  return those_with(request, bindings, true);
}

std::vector<Binding> perhaps_blockers(const BindRequest& request,
                                      std::span<const Binding> bindings) {
  return those_with(request, bindings, std::nullopt);
}

bool order_decides(const BindRequest& request, std::span<const Binding> bindings) {
  if (is_stream(request.endpoint.protocol) || !request.reuse_port) {
    return false;
  }
  BindRequest alone = request;
  alone.reuse_port = false;
  const auto blocks = [&](const Binding& one) {
    return conflicts(request, one) == true;
  };
  const auto admits = [&](const Binding& one) {
    return conflicts(request, one) == false && conflicts(alone, one) != false;
  };
  return std::any_of(bindings.begin(), bindings.end(), blocks) &&
         std::any_of(bindings.begin(), bindings.end(), admits);
}

BindRequest request_of(const Binding& socket) {
  BindRequest request;
  request.endpoint = socket.endpoint;
  request.netns = socket.netns;
  request.reuse_addr = socket.reuse_addr.value_or(false);
  request.reuse_port = socket.reuse_port.value_or(false);
  request.ipv6_only = socket.ipv6_only.value_or(false);
  request.uid = socket.uid;
  request.interface_index = socket.interface_index;
  return request;
}

std::vector<Binding> listen_blockers(const Binding& socket,
                                     std::span<const Binding> bindings) {
  std::vector<Binding> found = blockers(request_of(socket), bindings);
  std::erase_if(found, [&](const Binding& one) { return one.id == socket.id; });
  return found;
}

}  // namespace portwatch
