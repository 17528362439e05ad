// Names of containers, and whom a proxy serves: real processes in a real cgroup or
// with the arguments of a proxy, and a runtime that is not real.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "tests/e2e/host.h"
#include "tests/fakes/fake_runtime.h"
#include "tests/support/foreign_program.h"

namespace portwatch::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const std::string kWeb = "0123456789ab" + std::string(52, 'c');

class Containers : public Host {
 protected:
  Containers() {
    std::ofstream(directory_ / "portwatchd.toml")
        << "[containers]\ndocker = [\"" << runtime_path_ << "\"]\npodman = []\n"
        << "[log]\nlevel = \"debug\"\n";
  }
  static std::string list_of(const std::string& id, const std::string& name) {
    return "[" + container_json(id, name, "172.17.0.2", 7501, 80) + "]";
  }
  // A process that holds `socket` and is called as argv says.
  std::unique_ptr<Background> holder(UniqueFd socket,
                                     std::vector<std::string> argv) const {
    const std::string program = directory_ / argv[0];
    std::filesystem::create_symlink(PORTWATCH_TEST_IDLE, program);
    argv[0] = program;
    fcntl(socket.get(), F_SETFD, 0);
    auto process = std::make_unique<Background>(argv, false);
    EXPECT_EQ(process->read_line(), "idle");
    return process;
  }
  std::unique_ptr<Background> proxy() const {
    return holder(
        listening_socket("0.0.0.0", 7501),
        {"docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port",
         "7501", "-container-ip", "172.17.0.2", "-container-port", "80"});
  }
  Json first_holder(const CommandResult& result) const {
    const auto bindings = ours(result);
    EXPECT_EQ(bindings.size(), 1u) << result.out;
    const Json holders = bindings.empty() ? Json() : bindings[0]["holders"];
    return holders.is_array() && !holders.empty() ? holders[0] : Json::object();
  }
  // Asks until the answer has that field, which the runtime has to tell first.
  Json holder_with(const char* field, const Json& value) const {
    const Json::json_pointer place(field);
    const auto deadline = steady_clock::now() + std::chrono::seconds(15);
    for (;;) {
      Json holder = first_holder(ask({"who", "7501", "--json"}));
      if ((holder.contains(place) && holder[place] == value) ||
          steady_clock::now() > deadline) {
        return holder;
      }
      std::this_thread::yield();
    }
  }

  const std::string runtime_path_ = directory_ / "docker.sock";
};

TEST_F(Containers, ProcessInside_HasIdAndName) {
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "web"));
  const FreshCgroup cgroup("/docker/" + kWeb);
  const auto inside = holder(listening_socket("127.0.0.1", 7501), {"server"});
  cgroup.take_in(inside->pid());
  start_daemon();
  const Json holder = holder_with("/containerName", "web");
  EXPECT_EQ(holder["pid"], inside->pid());
  EXPECT_EQ(holder["container"], "docker:0123456789ab");
  EXPECT_EQ(holder["containerName"], "web");
  EXPECT_TRUE(holder["publishes"].is_null());
  EXPECT_NE(ask({"who", "7501"}).out.find("docker:0123456789ab (web)"),
            std::string::npos);
}

TEST_F(Containers, OfTheStart_IsKnownBeforeAnybodyAsks) {
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "web"));
  const FreshCgroup cgroup("/docker/" + kWeb);
  const auto inside = holder(listening_socket("127.0.0.1", 7501), {"server"});
  cgroup.take_in(inside->pid());
  start_daemon();
  const auto deadline = steady_clock::now() + std::chrono::seconds(15);
  while (runtime.requests() == 0 && steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(runtime.requests(), 1u);
}

TEST_F(Containers, DockerProxy_PublishesAPortOfTheContainer) {
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "web"));
  start_daemon();
  const auto process = proxy();
  const Json holder = holder_with("/publishes/containerName", "web");
  EXPECT_EQ(holder["publishes"], Json({{"container", "docker:0123456789ab"},
                                       {"containerName", "web"},
                                       {"address", "172.17.0.2"},
                                       {"port", 80}}));
  EXPECT_TRUE(holder["container"].is_null());
  const std::string page = ask({"who", "7501"}).out;
  EXPECT_NE(page.find("for container docker:0123456789ab (web)"), std::string::npos)
      << page;
  EXPECT_NE(page.find("publishes    port 80 of container docker:0123456789ab (web) "
                      "at 172.17.0.2\n"),
            std::string::npos)
      << page;
}

TEST_F(Containers, NewContainerAtThatAddress_TakesTheOldOnesPlace) {
  const std::string other(64, 'd');
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "old"));
  start_daemon();
  auto process = proxy();
  holder_with("/publishes/containerName", "old");
  process.reset();
  std::filesystem::remove(directory_ / "docker-proxy");
  runtime.say(list_of(other, "new"));
  process = proxy();
  const Json at_once = first_holder(ask({"who", "7501", "--json"}))["publishes"];
  EXPECT_TRUE(at_once["containerName"] == "new" ||
              at_once["containerName"].is_null())
      << at_once;
  EXPECT_EQ(
      holder_with("/publishes/containerName", "new")["publishes"]["container"],
      "docker:dddddddddddd");
}

TEST_F(Containers, RuntimeThatHangs_DelaysNoAnswerAndNoEvent) {
  FakeRuntime runtime(runtime_path_, "");
  runtime.hang();
  start_daemon();
  const auto process = proxy();
  for (int i = 0; i < 10; ++i) {
    const auto begun = steady_clock::now();
    const Json holder = first_holder(ask({"who", "7501", "--json"}));
    EXPECT_LT(steady_clock::now() - begun, milliseconds(1500))
        << "an attempt to ask the runtime takes 2 s";
    EXPECT_EQ(holder["publishes"]["address"], "172.17.0.2");
    EXPECT_TRUE(holder["publishes"]["container"].is_null());
  }
  const UniqueFd later = listening_socket("127.0.0.1", 7502);
  const auto begun = steady_clock::now();
  EXPECT_NE(ask({"watch", "-n", "20", "-p", "7502", "--count", "1", "--timeout",
                 "10s", "--json"})
                .out.find("7502"),
            std::string::npos);
  EXPECT_LT(steady_clock::now() - begun, milliseconds(1500));
  EXPECT_GT(runtime.requests(), 0u);
}

TEST_F(Containers, RubbishOfARuntime_IsLoggedAndNothingIsKnown) {
  FakeRuntime runtime(runtime_path_, "{\"message\":\"no\"}");
  start_daemon();
  const auto process = proxy();
  const Json holder = first_holder(ask({"who", "7501", "--json"}));
  EXPECT_TRUE(holder["publishes"]["container"].is_null());
  while (runtime.requests() < 2) {  // the first answer has been read by then
    ask({"who", "7501", "-q"});
  }
  daemon_->stop(SIGTERM);
  EXPECT_NE(daemon_->errors().find(
                "debug: containers of docker are not known: " + runtime_path_ +
                ": the answer is no list of containers"),
            std::string::npos);
  daemon_.reset();
}

TEST_F(Containers, WithoutADaemon_TheCommandAsksForItself) {
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "web"));
  const auto process = proxy();
  CommandOptions options;
  options.environment = {"DOCKER_HOST=unix://" + runtime_path_};
  Json holder;
  // A list from within the tick of 10 ms in which the proxy began is not believed.
  for (int i = 0; i < 20 && holder["publishes"]["containerName"] != "web"; ++i) {
    holder = first_holder(ask_nobody({"who", "7501", "--json"}, options));
  }
  EXPECT_EQ(holder["publishes"]["containerName"], "web");
  runtime.hang();
  const auto begun = steady_clock::now();
  holder = first_holder(ask_nobody({"who", "7501", "--json"}, options));
  EXPECT_LT(steady_clock::now() - begun, std::chrono::seconds(2));
  EXPECT_EQ(holder["publishes"]["port"], 80);
  EXPECT_TRUE(holder["publishes"]["container"].is_null());
}

TEST_F(Containers, AnotherUser_LearnsWhatProcWouldShowHim) {
  FakeRuntime runtime(runtime_path_, list_of(kWeb, "web"));
  start_daemon();
  const auto process = proxy();
  holder_with("/publishes/containerName", "web");
  CommandOptions nobody;
  nobody.uid = kNobody;
  const Json holder = first_holder(ask({"who", "7501", "--json"}, nobody));
  EXPECT_EQ(holder["publishes"]["containerName"], "web");
  EXPECT_TRUE(holder["exe"].is_null());
}

}  // namespace
}  // namespace portwatch::test
