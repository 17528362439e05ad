#include <algorithm>

#include "cli/print.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

TEST(PrintPlain, OneLineForEachHolder) {
  Process master = process(700, "nginx");
  master.user = "root";
  master.unit = "nginx.service";
  Binding b = held(80, master);
  Process worker = process(701, "nginx");
  worker.uid = 33;
  worker.container = "docker:0123456789ab";
  b.holders->push_back(worker);
  EXPECT_EQ(
      print_plain(exact({b})),
      "tcp\tipv4\t0.0.0.0\t80\tlistening\t700\tnginx\troot\tnginx.service\t"
      "4026531840\t80\n"
      "tcp\tipv4\t0.0.0.0\t80\tlistening\t701\tnginx\t33\tdocker:0123456789ab\t"
      "4026531840\t80\n");
}

TEST(PrintPlain, NothingKnown_IsADash) {
  EXPECT_EQ(print_plain(exact({binding(80)})),
            "tcp\tipv4\t0.0.0.0\t80\tlistening\t-\t-\t-\t-\t4026531840\t80\n");
}

TEST(PrintPlain, TabsAndNewlinesInNames_AreEscaped) {
  const std::string line = print_plain(exact({held(80, process(7, "a\tb\nc"))}));
  EXPECT_NE(line.find("\ta\\tb\\nc\t"), std::string::npos);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 10);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(PrintPlain, Event_TimeTypeAndTheProcessThatActed) {
  Change change;
  change.type = ChangeType::listen;
  change.time = kNow;
  change.binding = held(80, process(7, "a"));
  change.binding->holders.reset();
  EXPECT_EQ(
      event_plain(change),
      "2026-11-21T10:42:17.000000Z\tlisten\ttcp\tipv4\t0.0.0.0\t80\tlistening\t7"
      "\ta\t-\t-\t4026531840\t80\n");
}

TEST(PrintPlain, LostEvents_HaveTheirNumber) {
  Change change;
  change.type = ChangeType::events_lost;
  change.time = kNow;
  change.count = 12;
  EXPECT_EQ(event_plain(change), "2026-11-21T10:42:17.000000Z\teventsLost\t12\n");
}

}  // namespace
}  // namespace portwatch::cli
