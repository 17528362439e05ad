#include "userspace/model/shared_process.h"

#include <gtest/gtest.h>

namespace portwatch {
namespace {

Process nginx() {
  Process process;
  process.id = {77, 4711};
  process.name = "nginx";
  return process;
}

TEST(SharedProcess, Edit_ChangesThisCopyAlone) {
  const SharedProcess kept = nginx();
  SharedProcess shown = kept;
  shown.edit([](Process& process) { process.name.reset(); });
  EXPECT_FALSE(shown->name);
  EXPECT_EQ(kept->name, "nginx");
  EXPECT_EQ(shown->id, kept->id);
}

TEST(SharedProcess, Equality_IsThatOfWhatIsKnown) {
  EXPECT_EQ(SharedProcess(nginx()), SharedProcess(nginx()));
  EXPECT_EQ(SharedProcess(), SharedProcess());
  EXPECT_FALSE(SharedProcess() == SharedProcess(nginx()));
  SharedProcess reset = nginx();
  reset.reset();
  EXPECT_FALSE(reset);
  EXPECT_EQ(reset.get(), nullptr);
}

}  // namespace
}  // namespace portwatch
