#include "cli/filter.h"

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

Filter filter_of(const FilterOptions& options) {
  FakeBackends backends;
  auto filter = make_filter(options, backends);
  EXPECT_TRUE(filter.ok());
  return std::move(filter).value();
}

Binding nginx() {
  Process master = process(700, "nginx");
  master.uid = 0;
  master.user = "root";
  master.unit = "nginx.service";
  Binding b = held(80, master);
  Process worker = process(701, "nginx");
  worker.uid = 33;
  worker.user = "www-data";
  b.holders->push_back(worker);
  return b;
}

TEST(Filter, Empty_AllButConnections) {
  const Filter filter = filter_of({});
  EXPECT_TRUE(matches(filter, nginx()));
  EXPECT_TRUE(matches(filter, binding(80, SocketState::bound)));
  EXPECT_FALSE(matches(filter, binding(80, SocketState::connected)));
  EXPECT_FALSE(matches(filter, binding(80, SocketState::closing)));
}

TEST(Filter, AllAndPort_ConnectionsOnlyWithAll) {
  FilterOptions options;
  options.ports = {"80"};
  Filter filter = filter_of(options);
  EXPECT_FALSE(matches(filter, binding(80, SocketState::connected)));
  filter.connected = true;
  EXPECT_TRUE(matches(filter, binding(80, SocketState::connected)));
  EXPECT_FALSE(matches(filter, binding(81, SocketState::connected)));
}

TEST(Filter, Protocols_EitherOfBoth) {
  Binding udp = binding(53, SocketState::bound);
  udp.endpoint.protocol = Protocol::udp;
  FilterOptions tcp_only;
  tcp_only.tcp = true;
  EXPECT_FALSE(matches(filter_of(tcp_only), udp));
  EXPECT_TRUE(matches(filter_of(tcp_only), nginx()));
  FilterOptions both = tcp_only;
  both.udp = true;
  EXPECT_TRUE(matches(filter_of(both), udp));
  EXPECT_TRUE(matches(filter_of(both), nginx()));
}

TEST(Filter, Listening_AsSsDoes) {
  FilterOptions options;
  options.listening = true;
  Binding udp = binding(53, SocketState::bound);
  udp.endpoint.protocol = Protocol::udp;
  EXPECT_TRUE(matches(filter_of(options), udp));
  EXPECT_FALSE(matches(filter_of(options), binding(80, SocketState::bound)));
}

using Words = std::vector<std::string>;

bool of_process(const Words& pids, const Words& names, const Words& users,
                const Words& units) {
  FilterOptions options;
  options.pids = pids;
  options.names = names;
  options.users = users;
  options.units = units;
  return matches(filter_of(options), nginx());
}

TEST(Filter, ByPid_AnyHolder) {
  EXPECT_TRUE(of_process({"701"}, {}, {}, {}));
  EXPECT_FALSE(of_process({"702"}, {}, {}, {}));
  EXPECT_TRUE(of_process({"1", "700"}, {}, {}, {}));
}

TEST(Filter, ByName_AShellPattern) {
  EXPECT_TRUE(of_process({}, {"nginx"}, {}, {}));
  EXPECT_TRUE(of_process({}, {"ngin?"}, {}, {}));
  EXPECT_FALSE(of_process({}, {"ngin"}, {}, {}));
}

TEST(Filter, ByUser_NameOrNumber) {
  EXPECT_TRUE(of_process({}, {}, {"www-data"}, {}));
  EXPECT_TRUE(of_process({}, {}, {"33"}, {}));
  EXPECT_FALSE(of_process({}, {}, {"alice"}, {}));
}

TEST(Filter, ByUnit_ServiceMayBeLeftOut) {
  EXPECT_TRUE(of_process({}, {}, {}, {"nginx"}));
  EXPECT_TRUE(of_process({}, {}, {}, {"nginx.service"}));
  EXPECT_FALSE(of_process({}, {}, {}, {"*.socket"}));
}

TEST(Filter, SeveralKinds_OneHolderMeetsAll) {
  EXPECT_TRUE(of_process({}, {}, {"root"}, {"nginx"}));
  EXPECT_FALSE(of_process({}, {}, {"www-data"}, {"nginx"}));
}

TEST(Filter, HiddenHolder_MatchesNoProcessFilter) {
  FilterOptions options;
  options.names = {"*"};
  EXPECT_FALSE(matches(filter_of(options), binding(80)));
}

TEST(Filter, Netns_ByNumberAndByName) {
  Binding other = binding(80);
  other.netns = 4026532600;
  FilterOptions options;
  options.netns = "4026532600";
  EXPECT_TRUE(matches(filter_of(options), other));
  EXPECT_FALSE(matches(filter_of(options), binding(80)));
  options.netns = "red";
  EXPECT_TRUE(matches(filter_of(options), other));
  options.netns = "blue";  // no such name here, but the daemon knows it
  EXPECT_FALSE(matches(filter_of(options), other));
  other.netns_name = "blue";
  EXPECT_TRUE(matches(filter_of(options), other));
}

TEST(Filter, Question_NarrowsOnlyWhatIsOneThing) {
  FilterOptions options;
  options.tcp = true;
  options.ports = {"80"};
  options.pids = {"7"};
  Question question = question_of(filter_of(options), kOwnNetns);
  EXPECT_EQ(question.port, 80);
  EXPECT_EQ(question.protocol, Protocol::tcp);
  EXPECT_EQ(question.pid, 7);
  EXPECT_EQ(question.own_netns, kOwnNetns);
  options.udp = true;
  options.ports = {"80", "81"};
  options.pids = {"7", "8"};
  question = question_of(filter_of(options), kOwnNetns);
  EXPECT_FALSE(question.port || question.protocol || question.pid);
}

TEST(Filter, Event_CreatorCountsToo) {
  FilterOptions options;
  options.names = {"nginx"};
  Change change;
  change.binding = nginx();
  change.binding->holders.reset();
  EXPECT_TRUE(matches(filter_of(options), change));
  change.binding->creator.edit([&](Process& creator) { creator.name = "apache2"; });
  EXPECT_FALSE(matches(filter_of(options), change));
}

TEST(Filter, FailedBind_MatchesByPlaceAndProcess) {
  const auto admits_failure = [](FilterOptions options) {
    return matches(filter_of(options), failed_bind());
  };
  const auto with = [](auto member, std::string text) {
    FilterOptions options;
    (options.*member).push_back(std::move(text));
    return options;
  };
  EXPECT_TRUE(admits_failure({}));
  EXPECT_TRUE(admits_failure(with(&FilterOptions::ports, "5055")));
  EXPECT_FALSE(admits_failure(with(&FilterOptions::ports, "5056")));
  EXPECT_FALSE(admits_failure(with(&FilterOptions::ports, "5055/udp")));
  EXPECT_TRUE(admits_failure(with(&FilterOptions::names, "python3")));
  EXPECT_FALSE(admits_failure(with(&FilterOptions::names, "node")));
  EXPECT_TRUE(admits_failure(with(&FilterOptions::pids, "4243")));
  EXPECT_FALSE(admits_failure(with(&FilterOptions::pids, "4242"))) << "the blocker";
  EXPECT_TRUE(admits_failure(with(&FilterOptions::users, "alice")));
  EXPECT_TRUE(admits_failure(with(&FilterOptions::units, "demo")));
  EXPECT_FALSE(admits_failure(with(&FilterOptions::units, "other")));
  FilterOptions options;
  options.netns = "4026532600";
  EXPECT_FALSE(admits_failure(options));
  options = {};
  options.listening = true;
  EXPECT_FALSE(admits_failure(options));
}

TEST(Filter, Loop_MatchesBySubjectOrLastProcess) {
  Change loop = crash_loop();
  FilterOptions options;
  options.units = {"demo"};
  EXPECT_TRUE(matches(filter_of(options), loop)) << "the subject's unit";
  options = {};
  options.names = {"python3"};
  EXPECT_TRUE(matches(filter_of(options), loop)) << "the last process";
  loop.loop->last_process.reset();
  EXPECT_FALSE(matches(filter_of(options), loop));
  loop.loop->subject = {Subject::Kind::program, "/usr/bin/x", 1000, "alice"};
  options = {};
  options.users = {"1000"};
  EXPECT_TRUE(matches(filter_of(options), loop));
  options.ports = {"80"};
  EXPECT_FALSE(matches(filter_of(options), loop));
}

TEST(Filter, LostEvents_AlwaysPass) {
  FilterOptions options;
  options.names = {"nginx"};
  options.ports = {"80"};
  Change change;
  change.type = ChangeType::events_lost;
  EXPECT_TRUE(matches(filter_of(options), change));
}

}  // namespace
}  // namespace portwatch::cli
