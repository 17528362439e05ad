#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

Change event(ChangeType type, Port port) {
  Change change;
  change.type = type;
  change.time = kNow;
  change.binding = held(port, process(port, "p" + std::to_string(port)));
  change.binding->holders.reset();
  return change;
}

Change lost() {
  Change change;
  change.type = ChangeType::events_lost;
  change.time = kNow;
  change.count = 5;
  return change;
}

class Watch : public CommandTest {
 protected:
  Watch() {
    start_daemon();
    backends.daemon.events = {
        event(ChangeType::bind, 80), event(ChangeType::listen, 80), lost(),
        event(ChangeType::bind, 81), event(ChangeType::release, 80)};
  }
  // "bind80 eventsLost5 ..."
  std::string seen() const {
    std::string words;
    for (std::size_t at = 0; at < out.text.size();
         at = out.text.find('\n', at) + 1) {
      const std::string line = out.text.substr(at, out.text.find('\n', at) - at);
      const std::size_t type = line.find('\t') + 1;
      const std::string word = line.substr(type, line.find('\t', type) - type);
      const std::size_t port = line.find("0.0.0.0\t");
      words +=
          word + (port == std::string::npos ? "" : line.substr(port + 8, 2)) + " ";
    }
    return words;
  }
};

TEST_F(Watch, EveryEvent_OneWriteEach) {
  EXPECT_EQ(run({"watch", "--plain"}), kCannotKnow) << "the daemon went";
  EXPECT_EQ(seen(), "bind80 listen80 eventsLost bind81 release80 ");
  EXPECT_EQ(out.writes, 5u);
  EXPECT_EQ(err.text, "portwatch: portwatchd closed the connection\n");
}

TEST_F(Watch, EventType_LossStillPasses) {
  run({"watch", "--plain", "--event", "bind"});
  EXPECT_EQ(seen(), "bind80 eventsLost bind81 ");
  EXPECT_EQ(backends.daemon.watch_request.events,
            (std::vector<ChangeType>{ChangeType::bind, ChangeType::events_lost,
                                     ChangeType::resynced}));
}

TEST_F(Watch, Filters_NarrowButNotLoss) {
  run({"watch", "--plain", "--port", "81", "-n", "7"});
  EXPECT_EQ(seen(), "eventsLost bind81 ");
  EXPECT_EQ(backends.daemon.watch_request.ports, (std::vector<Port>{81}));
  EXPECT_EQ(backends.daemon.watch_request.recent, 7u);
  run({"watch", "--plain", "--name", "p80"});
  EXPECT_EQ(seen(), "bind80 listen80 eventsLost release80 ");
}

TEST_F(Watch, FailedBindsAndLoops_OneLineEach) {
  backends.daemon.events = {failed_bind(), failure_loop(), crash_loop()};
  run({"watch", "--event", "bindFailed", "--event", "crashLoop"});
  EXPECT_EQ(out.text,
            "10:41:17.000  bindFailed  tcp  0.0.0.0:5055            python3(4243)  "
            "alice  demo.service  bind: EADDRINUSE  blocked by python3(4242) on "
            "0.0.0.0:5055 (listening)\n"
            "10:42:17.000  crashLoop  5055/tcp  demo.service  7 times in 1 minute  "
            "exits with status 1\n");
  EXPECT_EQ(out.writes, 2u);
}

TEST_F(Watch, EveryTypeOfEvent_CanBeAskedFor) {
  for (std::size_t i = 0; i < kChangeTypes; ++i) {
    const auto type = static_cast<ChangeType>(i);
    run({"watch", "-q", "--event", std::string(to_string(type))});
    EXPECT_EQ(backends.daemon.watch_request.events.front(), type);
  }
}

TEST_F(Watch, Count_StopsThereAndLossIsNotCounted) {
  EXPECT_EQ(run({"watch", "--plain", "--count", "3"}), kYes);
  EXPECT_EQ(seen(), "bind80 listen80 eventsLost bind81 ");
  EXPECT_EQ(run({"watch", "--plain", "--count", "1", "--event", "eventsLost"}),
            kYes);
  EXPECT_EQ(seen(), "eventsLost ") << "unless it is what was asked for";
}

TEST_F(Watch, Timeout_FiveWhenTheCountIsNotReached) {
  backends.daemon.watch_end = {Errc::timed_out, "in time"};
  EXPECT_EQ(run({"watch", "--plain", "--timeout", "1s"}), kYes);
  EXPECT_EQ(run({"watch", "--plain", "--timeout", "1s", "--count", "9"}),
            kTimedOut);
  EXPECT_EQ(err.text, "");
}

TEST_F(Watch, DaemonThatHangs_IsNotTheUsersTimeout) {
  backends.daemon.connect_error = Error{Errc::timed_out, "did not answer in time"};
  EXPECT_EQ(run({"watch", "--timeout", "1s", "--socket", "/x"}), kCannotKnow);
  EXPECT_NE(err.text.find("did not answer in time"), std::string::npos);
}

TEST_F(Watch, Json_OneDocumentALine) {
  EXPECT_EQ(run({"watch", "--json", "--count", "1"}), kYes);
  EXPECT_EQ(out.text.rfind("{\"schema\":\"portwatch/1\"", 0), 0u) << out.text;
  EXPECT_NE(out.text.find("\"event\":\"bind\""), std::string::npos);
  EXPECT_EQ(out.text.find('\n'), out.text.size() - 1);
}

TEST_F(Watch, ReaderGone_EndsQuietly) {
  StringSink gone;
  gone.fails = Error{Errc::closed, "write: Broken pipe"};
  const FixedClock clock;
  Context context{{gone, err}, environment, clock, backends};
  EXPECT_EQ(cli::run({"watch"}, context), kYes);
  EXPECT_EQ(gone.writes, 1u);
  EXPECT_EQ(err.text, "");
}

class WatchWithoutDaemon : public Watch {
 protected:
  WatchWithoutDaemon() {
    backends.daemon.connect_error = Error{Errc::not_found, "No such file"};
    const Answer empty{Source::sock_diag, Confidence::snapshot, {}, {}};
    Answer taken = empty;
    taken.bindings = {held(80, process(7, "web"))};
    // The third is the look for the holders of what the second one found.
    backends.looks = {empty, taken, taken, taken, empty};
  }
};

TEST_F(WatchWithoutDaemon, Looks_TellTheDifferences) {
  EXPECT_EQ(run({"watch", "--plain", "--interval", "1ms", "--count", "3"}), kYes);
  EXPECT_EQ(seen(), "bind80 listen80 release80 ");
  EXPECT_NE(out.text.find("\tlistening\t7\tweb\t"), std::string::npos);
  EXPECT_EQ(err.text,
            "portwatch: no daemon is asked: comparing looks every 1 ms; what lives "
            "shorter is missed, failed binds and loops are not seen\n");
}

TEST_F(WatchWithoutDaemon, Timeout_Ends) {
  EXPECT_EQ(run({"watch", "--interval", "1h", "--timeout", "1ms"}), kYes);
  EXPECT_EQ(run({"watch", "--interval", "1h", "--timeout", "1ms", "--count", "9"}),
            kTimedOut);
}

TEST_F(WatchWithoutDaemon, NoBackendWorks_CannotKnow) {
  backends.look_error =
      Error{Errc::not_permitted, "netlink: Operation not permitted"};
  EXPECT_EQ(run({"watch", "-q"}), kCannotKnow);
  EXPECT_EQ(err.text,
            "portwatch: cannot look at the sockets: netlink: Operation not "
            "permitted\n");
}

}  // namespace
}  // namespace portwatch::cli
