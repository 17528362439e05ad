#include "cli/print.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class PrintEvent : public CommandTest {  // in UTC
 protected:
  PrintEvent() {
    change.type = ChangeType::bind;
    change.time = kNow + std::chrono::milliseconds(123);
    change.binding = held(5055, process(4242, "python3"));
    change.binding->creator->user = "alice";
    change.binding->creator->unit = "demo.service";
    change.binding->holders.reset();
  }
  std::string line() const { return event_line(change, view); }
  Change change;
  View view{kNow, kOwnNetns, Style(false), 0};
};

TEST_F(PrintEvent, Bind_OneLine) {
  EXPECT_EQ(line(),
            "10:42:17.123  bind      tcp  0.0.0.0:5055            python3(4242)  "
            "alice  demo.service\n");
}

TEST_F(PrintEvent, Reconstructed_IsSaid) {
  change.type = ChangeType::release;
  change.reconstructed = true;
  EXPECT_EQ(line(),
            "10:42:17.123  release   tcp  0.0.0.0:5055            python3(4242)  "
            "alice  demo.service  (found later)\n");
}

TEST_F(PrintEvent, OtherNamespace_IsNamed) {
  change.binding->netns = 5;
  change.binding->netns_name = "red";
  EXPECT_NE(line().find("  netns red (5)\n"), std::string::npos);
}

TEST_F(PrintEvent, UnknownProcess_IsADash) {
  change.binding->creator.reset();
  EXPECT_EQ(line(), "10:42:17.123  bind      tcp  0.0.0.0:5055            -\n");
}

TEST_F(PrintEvent, HostileName_IsEscaped) {
  change.binding->creator->name = "\x1b[2J\n";
  EXPECT_NE(line().find("\\x1b[2J\\n(4242)"), std::string::npos);
}

TEST_F(PrintEvent, LossAndResync_InWords) {
  change.binding.reset();
  change.type = ChangeType::events_lost;
  change.count = 12;
  EXPECT_EQ(
      line(),
      "10:42:17.123  eventsLost  12 events of the kernel lost; what follows may "
      "be incomplete\n");
  change.type = ChangeType::resynced;
  change.repairs = 1;
  EXPECT_EQ(line(), "10:42:17.123  resynced  compared with the kernel: 1 repair\n");
}

}  // namespace
}  // namespace portwatch::cli
