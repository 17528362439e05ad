#include "cli/commands.h"
#include "tests/unit/cli/fake_world.h"

namespace portwatch::cli {
namespace {

class Help : public CommandTest {};

TEST_F(Help, WithoutCommand_NamesEveryCommand) {
  for (const auto& arguments :
       {std::vector<std::string>{"help"}, {"--help"}, {"-h"}}) {
    ASSERT_EQ(run(arguments), kYes);
    for (const Command& command : commands()) {
      EXPECT_NE(out.text.find("\n  " + std::string(command.name)),
                std::string::npos);
    }
  }
}

TEST_F(Help, OfEveryCommand_SameAsItsHelpOption) {
  for (const Command& command : commands()) {
    const std::string name(command.name);
    ASSERT_EQ(run({"help", name}), kYes);
    const std::string text = out.text;
    EXPECT_EQ(text.rfind("Usage: portwatch " + name, 0), 0u) << text;
    ASSERT_EQ(run({name, "--help"}), kYes);
    EXPECT_EQ(out.text, text);
    EXPECT_EQ(err.text, "");
  }
}

TEST_F(Help, EveryLine_FitsATerminal) {
  for (const Command& command : commands()) {
    ASSERT_EQ(run({"help", std::string(command.name)}), kYes);
    for (std::size_t at = 0, end = 0; at < out.text.size(); at = end + 1) {
      end = out.text.find('\n', at);
      EXPECT_LE(end - at, 80u) << out.text.substr(at, end - at);
    }
  }
}

TEST_F(Help, Alias_FindsTheCommand) {
  ASSERT_EQ(run({"help", "ls"}), kYes);
  EXPECT_EQ(out.text.rfind("Usage: portwatch list", 0), 0u);
}

}  // namespace
}  // namespace portwatch::cli
