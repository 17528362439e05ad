// What a wrong command line gets: exit 2 and one line.
#include <algorithm>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

struct Wrong {
  std::vector<std::string> arguments;
  std::string line;
};

const std::string kForm = " (expected PORT or PORT/PROTO, as in 5055 or 5055/udp)";
const std::string kSeeWho = " (see 'portwatch help who')";

const std::string kTimeForm =
    " (expected 10:42, '2026-11-21 10:42:00', 2026-11-21T10:42:00Z, @EPOCH, or 5m "
    "for five "
    "minutes ago)";

const Wrong kWrong[] = {
    {{}, "no command given, as in 'portwatch who 5055' (see 'portwatch help')"},
    {{"--json"},
     "no command given, as in 'portwatch who 5055' (see 'portwatch help')"},
    {{"wo", "5055"}, "no command 'wo'; did you mean 'portwatch who'?"},
    {{"lists"}, "no command 'lists'; did you mean 'portwatch list'?"},
    {{"staus"}, "no command 'staus'; did you mean 'portwatch status'?"},
    {{"frobnicate"}, "no command 'frobnicate' (see 'portwatch help')"},
    {{"5055"}, "no command '5055'; did you mean 'portwatch who 5055'?"},
    {{""}, "no command '' (see 'portwatch help')"},
    {{"wh\x1b[31m"}, "no command 'wh\\x1b[31m' (see 'portwatch help')"},
    {{"who"}, "who: which port?" + kForm},
    {{"who", "0"}, "who: bad port '0': a port is 1 to 65535" + kForm},
    {{"who", "70000"}, "who: bad port '70000': a port is 1 to 65535" + kForm},
    {{"who", "abc"}, "who: bad port 'abc': not a number" + kForm},
    {{"who", ""}, "who: bad port '': not a number" + kForm},
    {{"who", "5\n6"}, "who: bad port '5 6': not a number" + kForm},
    {{"who", "-1"}, "who: bad port '-1': not a number" + kForm},
    {{"who", "80", "99999999999999999999"},
     "who: bad port '99999999999999999999': a port is 1 to 65535" + kForm},
    {{"who", "5055/xyz"},
     "who: bad port '5055/xyz': the protocol is tcp, udp, mptcp, udplite or sctp" +
         kForm},
    {{"who", "5055", "--foo"}, "who: unknown option '--foo'" + kSeeWho},
    {{"who", "5055", "-x"}, "who: unknown option '-x'" + kSeeWho},
    {{"who", "5055", "--socket"}, "who: --socket needs a value" + kSeeWho},
    {{"who", "5055", "--socket="}, "who: --socket needs a value" + kSeeWho},
    {{"who", "5055", "--socket", ""}, "who: --socket needs a path"},
    {{"who", "5055", "--color", "blue"},
     "who: bad --color 'blue': expected auto, always or never"},
    {{"who", "5055", "--json", "--plain"},
     "who: --json and --plain exclude each other"},
    {{"who", "5055", "--backend", "ebpf"},
     "who: bad --backend 'ebpf': expected sock_diag or procfs"},
    {{"who", "5055", "--no-daemon", "--socket", "/x"},
     "who: --socket asks a daemon, --no-daemon and --backend ask none"},
    {{"list", "5055"}, "list: unexpected word '5055' (see 'portwatch help list')"},
    {{"list", "--all", "5055"},
     "list: unexpected word '5055' (see 'portwatch help list')"},
    {{"list", "--port", "0"}, "list: bad port '0': a port is 1 to 65535" + kForm},
    {{"list", "--pid", "x"}, "list: bad pid 'x': expected a number"},
    {{"list", "--pid", "0"}, "list: bad pid '0': expected a number"},
    {{"list", "--netns", ""}, "list: --netns needs an inode number or a name"},
    {{"list", "--all", "--listening"},
     "list: --all and --listening exclude each other"},
    {{"watch", "--event", "bound"},
     "watch: bad --event 'bound': expected bind, listen, release, eventsLost, "
     "resynced, bindFailed, bindFailureLoop, crashLoop, loopEnded, orphan, "
     "ownerChanged, timeWaitPile or portConflict"},
    {{"watch", "--count", "0"},
     "watch: bad count '0': expected a number from 1 to 1000000000"},
    {{"watch", "-n", "many"},
     "watch: bad count 'many': expected a number from 1 to 1000000000"},
    {{"watch", "--timeout", "5x"},
     "watch: bad duration '5x': no such unit (expected 500ms, 5s, 2m, 1h or "
     "seconds)"},
    {{"watch", "--interval", "0"},
     "watch: bad duration '0': shorter than 1ms (expected 500ms, 5s, 2m, 1h or "
     "seconds)"},
    {{"who", "5055", "--at", "x"}, "who: bad time 'x'" + kTimeForm},
    {{"why"},
     "why: which port? (expected one PORT or ADDR:PORT, as in 5055 or "
     "127.0.0.1:5055/udp)"},
    {{"why", "5055", "5056"},
     "why: which port? (expected one PORT or ADDR:PORT, as in 5055 or "
     "127.0.0.1:5055/udp)"},
    {{"why", "70000"}, "why: bad port '70000': a port is 1 to 65535" + kForm},
    {{"why", "host:80"},
     "why: bad address 'host:80': 'host' is no IPv4 address, and names are not "
     "looked up (expected PORT, ADDR:PORT or [ADDR]:PORT, as in 127.0.0.1:5055 or "
     "[::1]:5055/udp)"},
    {{"why", "5055", "--try"},
     "why: unknown option '--try' (see 'portwatch help why')"},
    {{"check"},
     "check: which port? (expected one ADDR:PORT or PORT, as in 127.0.0.1:5055 or "
     "5055)"},
    {{"check", "5055/tcp", "--udp"}, "check: --udp, but '5055/tcp'"},
    {{"check", "5055", "--v6only"},
     "check: --v6only needs an IPv6 address, as in [::]:5055"},
    {{"failures", "x"}, "failures: bad port 'x': not a number" + kForm},
    {{"failures", "80", "81"}, "failures: one port at most, not '81' too"},
    {{"failures", "--since", "x"}, "failures: bad time 'x'" + kTimeForm},
    {{"failures", "--limit", "10001"},
     "failures: bad --limit '10001': expected a number from 1 to 10000"},
    {{"failures", "--since", "1m", "--until", "2m"},
     "failures: --since is later than --until"},
    {{"loops", "--since", "1m"},
     "loops: unknown option '--since' (see 'portwatch help loops')"},
    {{"loops", "80", "81"}, "loops: one port at most, not '81' too"},
    {{"history", "--limit", "0"},
     "history: bad --limit '0': expected a number from 1 to 10000"},
    {{"history", "--until", ""}, "history: bad time ''" + kTimeForm},
    {{"doctor", "80", "x"}, "doctor: bad port 'x': not a number" + kForm},
    {{"doctor", "--json", "--plain"},
     "doctor: --json and --plain exclude each other"},
    {{"config"}, "config: expected check or show, as in 'portwatch config check'"},
    {{"config", "edit"},
     "config: expected check or show, as in 'portwatch config check'"},
    {{"config", "check", "--private"},
     "config: --private needs a value (see 'portwatch help config')"},
    {{"status", "up"},
     "status: unexpected word 'up' (see 'portwatch help status')"},
    {{"help", "frobnicate"}, "no command 'frobnicate' (see 'portwatch help')"},
};

class Usage : public CommandTest {};

TEST_F(Usage, WrongCommandLine_OneLineAndExitTwo) {
  for (const Wrong& wrong : kWrong) {
    EXPECT_EQ(run(wrong.arguments), kUsage) << wrong.line;
    EXPECT_EQ(err.text, "portwatch: " + wrong.line + "\n");
    EXPECT_EQ(out.text, "");
    EXPECT_EQ(backends.daemon.asked_path, "") << "nobody is asked";
  }
}

TEST_F(Usage, OptionBeforeCommand_IsTheSame) {
  start_daemon();
  backends.daemon.answer = exact({held(80, process(7, "a"))});
  ASSERT_EQ(run({"who", "80", "--json", "--socket", "/x"}), kYes);
  const std::string after = out.text;
  EXPECT_EQ(run({"--json", "--socket", "/x", "who", "80"}), kYes);
  EXPECT_EQ(out.text, after);
  EXPECT_EQ(backends.daemon.asked_path, "/x");
}

TEST_F(Usage, OptionTwice_LastOneCounts) {
  start_daemon();
  EXPECT_EQ(run({"who", "80", "--socket", "/x", "--socket", "/y"}), kNo);
  EXPECT_EQ(backends.daemon.asked_path, "/y");
}

TEST_F(Usage, Version_OneLine) {
  EXPECT_EQ(run({"--version"}), kYes);
  EXPECT_EQ(out.text, "portwatch " PORTWATCH_VERSION "\n");
}

}  // namespace
}  // namespace portwatch::cli
