// bind_target_fuzz.cpp - what a command line may hold: addresses with a port, and
// points in time.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cli/bind_target.h"
#include "cli/moment.h"

namespace {

void expect(bool truth) {
  if (!truth) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portwatch;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto target = cli::parse_bind_target(text);
  if (target) {
    expect(!target->any_address || target->endpoint.address == AddressBytes{});
    if (target->interface_index == 0) {  // the text of an address is read as itself
      const auto again =
          cli::parse_bind_target(endpoint_text(target->endpoint) + "/" +
                                 std::string(to_string(target->endpoint.protocol)));
      expect(again && again->endpoint == target->endpoint);
    }
  }
  const WallTime now{std::chrono::seconds(1795257737)};
  const auto moment = cli::parse_moment(text, now);
  if (moment) {
    expect(cli::parse_moment(to_rfc3339(*moment), now).ok());
  }
  return 0;
}
