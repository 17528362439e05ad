// method_why.cpp - io.portwatch.Why: would the caller's bind succeed, and if not,
// what stands in its way?
#include "userspace/api/methods.h"
#include "userspace/api/parameters.h"
#include "userspace/api/peer_rights.h"

namespace portwatch {
namespace {

Endpoint read_endpoint_of(Parameters& in) {
  Endpoint endpoint;
  endpoint.family = Family::ipv6;  // with both families: meets everything
  endpoint.protocol = in.protocol("protocol").value_or(Protocol::tcp);
  in.address("address", endpoint);
  const std::optional<Port> port = in.port_or_zero("port");
  if (!port) {
    in.reject("port");
  }
  endpoint.port = port.value_or(0);
  return endpoint;
}

BindRequest read_request(Parameters& in, const Peer& peer) {
  BindRequest request;
  request.endpoint = read_endpoint_of(in);
  request.netns = in.get<std::uint32_t>("netns").value_or(peer.netns);
  request.reuse_addr = in.get<bool>("reuseAddr").value_or(false);
  request.reuse_port = in.get<bool>("reusePort").value_or(false);
  request.ipv6_only = in.get<bool>("ipv6Only").value_or(false);
  request.listens = in.get<bool>("listens").value_or(true);
  request.interface_index = in.get<std::uint32_t>("interface").value_or(0);
  request.uid = peer.viewer.uid;
  if (request.ipv6_only && request.endpoint.family != Family::ipv6) {
    in.reject("ipv6Only");
  }
  return request;
}

}  // namespace

MethodOutcome method_why(const VarlinkCall& call, const MethodContext& context) {
  Parameters in(call.parameters,
                {"port", "address", "protocol", "netns", "reuseAddr", "reusePort",
                 "ipv6Only", "listens", "interface"});
  BindRequest request = read_request(in, context.peer);
  if (!in.fault().empty()) {
    return {in.fault(), {}};
  }
  if (request.netns == 0) {
    return {service_error_message({Errc::not_supported,
                                   "the caller's network namespace is not known"}),
            {}};
  }
  request.may_bind_low_ports = may_bind_low_ports(context.peer, request.netns);
  return reply_with(context.service.why(request), context);
}

}  // namespace portwatch
