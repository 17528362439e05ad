#include <nlohmann/json.hpp>

#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class StatusCommand : public CommandTest {
 protected:
  StatusCommand() {
    Status& status = backends.daemon.status;
    status.version = "0.1.0";
    status.pid = 321;
    status.hooks = {{"cgroup/post_bind4", true, "", 0},
                    {"tp_btf/tcp_destroy_sock", false, "no BTF", 0},
                    {"sockops", true, "", 3}};
    status.events = 1200;
    status.events_lost = 2;
    status.resyncs = 1;
    status.bindings = 17;
    status.clients = 2;
    status.subscribers = 1;
    status.resident_bytes = 9 * 1024 * 1024 + 300000;
    status.started = kNow - std::chrono::seconds(3720);
    status.uptime_seconds = 3720;
  }
};

TEST_F(StatusCommand, Up_ExitZeroAndAPage) {
  start_daemon();
  backends.daemon.status.confidence = Confidence::partial;
  backends.daemon.status.missing = {{"scope", "a container"}};
  EXPECT_EQ(run({"status"}), kYes);
  EXPECT_EQ(out.text,
            "portwatchd 0.1.0 is up (pid 321)\n"
            "  socket       /run/portwatch/io.portwatch\n"
            "  started      09:40:17 (1 hour 2 minutes ago)\n"
            "  source       ebpf (partial)\n"
            "  partial      scope: a container\n"
            "  hooks        2 of 3 attached\n"
            "               cgroup/post_bind4\n"
            "               tp_btf/tcp_destroy_sock: not attached: no BTF\n"
            "               sockops: skipped 3 times\n"
            "  bindings     17\n"
            "  events       1200 received, 2 lost, 1 resync\n"
            "  failed binds not seen here\n"
            "  history      off\n"
            "  clients      2, of them 1 watching\n"
            "  memory       9.2 MiB\n");
}

TEST_F(StatusCommand, UpJson_HasUpAndTheDaemonsFields) {
  start_daemon();
  EXPECT_EQ(run({"status", "--json"}), kYes);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["schema"], "portwatch/1");
  EXPECT_EQ(document["up"], true);
  EXPECT_EQ(document["bindings"], 17);
}

TEST_F(StatusCommand, FailedBindsHistoryAndAlerts_HaveTheirLines) {
  start_daemon();
  Status& status = backends.daemon.status;
  status.bind_results = "fexit";
  status.failures = 12;
  status.history = {
      true, "/var/lib/portwatch/history", "disk full", 1, 2 * 1024 * 1024, 3};
  status.alerts = {2, 10, 1, 4, 0};
  EXPECT_EQ(run({"status"}), kYes);
  EXPECT_NE(
      out.text.find("  failed binds 12, seen by fexit\n"
                    "  history      /var/lib/portwatch/history: 1 row, 2.0 MiB\n"
                    "               nothing is written: disk full\n"
                    "               3 rows not written\n"
                    "  alerts       2 hooks: 10 delivered, 1 failed, 4 "
                    "suppressed, 0 dropped\n"),
      std::string::npos)
      << out.text;
  EXPECT_EQ(run({"status", "--plain"}), kYes);
  EXPECT_NE(out.text.find("\nbindResults\tfexit\nbindResultsRefused\t\nfailures\t12"
                          "\nresultsMissed\t0\nhistoryEnabled\tyes\n"),
            std::string::npos);
  EXPECT_NE(out.text.find("\nalertsSuppressed\t4\n"), std::string::npos);
}

TEST_F(StatusCommand, NoSocket_ExitOneAndWhatToDo) {
  EXPECT_EQ(run({"status"}), kNo);
  EXPECT_EQ(out.text,
            "portwatchd does not answer\n"
            "  socket       /run/portwatch/io.portwatch\n"
            "  why          No such file\n"
            "  next         systemctl start portwatchd\n");
  EXPECT_EQ(err.text, "");
}

TEST_F(StatusCommand, DownJson_SaysWhy) {
  EXPECT_EQ(run({"status", "--json", "--socket", "/x"}), kNo);
  const auto document = nlohmann::json::parse(out.text);
  EXPECT_EQ(document["up"], false);
  EXPECT_EQ(document["socket"], "/x");
  EXPECT_EQ(document["reason"], "No such file");
}

TEST_F(StatusCommand, Hangs_ExitOne) {
  start_daemon();
  backends.daemon.ask_error = Error{Errc::timed_out, "did not answer in time"};
  EXPECT_EQ(run({"status", "-q"}), kNo);
  EXPECT_EQ(out.text, "");
}

TEST_F(StatusCommand, SocketNotReadable_CannotKnow) {
  backends.daemon.connect_error = Error{Errc::not_permitted, "Permission denied"};
  EXPECT_EQ(run({"status"}), kCannotKnow);
}

TEST_F(StatusCommand, Plain_KeysAndValues) {
  start_daemon();
  EXPECT_EQ(run({"status", "--plain"}), kYes);
  EXPECT_EQ(out.text.rfind("up\tyes\nsocket\t/run/portwatch/io.portwatch\n", 0),
            0u);
  EXPECT_NE(out.text.find("\neventsLost\t2\n"), std::string::npos);
}

}  // namespace
}  // namespace portwatch::cli
