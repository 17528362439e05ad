#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class List : public CommandTest {
 protected:
  List() {
    start_daemon();
    Binding connected = held(80, process(7, "web"));
    connected.state = SocketState::connected;
    connected.id = "c";
    backends.daemon.answer = exact(
        {held(80, process(7, "web")), held(22, process(8, "sshd")), connected});
  }
  std::string ports(std::vector<std::string> arguments) {
    arguments.push_back("--plain");
    EXPECT_EQ(run(arguments), kYes);
    std::string found;
    for (std::size_t at = 0; at < out.text.size();
         at = out.text.find('\n', at) + 1) {
      const std::size_t port = out.text.find("0.0.0.0\t", at) + 8;
      found += out.text.substr(port, out.text.find('\t', port) - port) + " ";
    }
    return found;
  }
};

TEST_F(List, NoFilter_SortedWithoutConnections) {
  EXPECT_EQ(ports({"list"}), "22 80 ");
  EXPECT_EQ(ports({"ls"}), "22 80 ");
}

TEST_F(List, All_ConnectionsToo) { EXPECT_EQ(ports({"list", "-a"}), "22 80 80 "); }

TEST_F(List, Filters_Narrow) {
  EXPECT_EQ(ports({"list", "--port", "80"}), "80 ");
  EXPECT_EQ(ports({"list", "--port", "80", "--port", "22"}), "22 80 ");
  EXPECT_EQ(ports({"list", "--pid", "8"}), "22 ");
  EXPECT_EQ(ports({"list", "--name", "web", "--tcp"}), "80 ");
  EXPECT_EQ(ports({"list", "--udp"}), "");
}

TEST_F(List, NothingThere_StillExitZero) {
  EXPECT_EQ(run({"list", "--udp"}), kYes);
  EXPECT_EQ(out.text, "PROTO  ADDRESS  STATE  PROCESS  USER  UNIT\n");
}

TEST_F(List, Gaps_GoToStandardError) {
  backends.daemon.answer.miss({"holders", "cannot be read"});
  EXPECT_EQ(run({"list"}), kYes);
  EXPECT_EQ(err.text, "portwatch: partial: holders: cannot be read\n");
  EXPECT_EQ(run({"list", "--json"}), kYes);
  EXPECT_EQ(err.text, "") << "they are in the document";
}

}  // namespace
}  // namespace portwatch::cli
