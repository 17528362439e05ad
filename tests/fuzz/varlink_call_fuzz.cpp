// Any message: refused, or run against a FakeService as three kinds of peer.
// Every reply is one well-formed Varlink reply that ends with its only NUL.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/fakes/fake_service.h"
#include "tests/unit/api/sample.h"
#include "userspace/api/methods.h"

namespace {

using namespace portwatch;

void check_reply(std::string_view reply) {
  if (reply.empty() || reply.find('\0') != reply.size() - 1 ||
      !parse_reply(reply.substr(0, reply.size() - 1))) {
    std::abort();
  }
}

void check_events(const Subscription& subscription, const Peer& peer) {
  EventLog log(kChangeTypes);
  for (Change& change : all_events(80)) {
    log.push(std::move(change));
  }
  for (const auto& message :
       recent_messages(subscription, log, peer.viewer, 1 << 20)) {
    check_reply(*message);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto call = parse_call({reinterpret_cast<const char*>(data), size});
  if (!call) {
    check_reply(invalid_parameter_message(call.error().context));
    return 0;
  }
  FakeService service;
  service.whole.bindings = {full_binding(80), bare_binding(53)};
  service.verdict = full_verdict();
  service.failed = service.looping = full_events();
  for (const Viewer viewer :
       {Viewer{0, false}, Viewer{33, false}, Viewer{7, true}}) {
    Peer peer;
    peer.viewer = viewer;
    peer.netns = 1;
    const MethodOutcome outcome = dispatch(*call, {service, peer, 1, 0});
    if (outcome.subscription) {
      check_events(*outcome.subscription, peer);
    } else {
      check_reply(outcome.reply);
    }
  }
  return 0;
}
