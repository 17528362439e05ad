// slots.bpf.c: descriptors that were met once, looked at again.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

#include "tests/bpf/picture.h"
#include "tests/support/messages.h"
#include "tests/support/sleeping_child.h"

namespace portwatch::test {
namespace {

constexpr Port kPort = 7221;

class SlotLook : public Picture {
 protected:
  // Where `pid` holds the sockets on kPort now.
  std::vector<DescriptorSlot> slots_of(pid_t pid) {
    auto found = picture_->holders_of(pid, kPort);
    EXPECT_TRUE(found);
    std::vector<DescriptorSlot> slots;
    for (const HolderFacts& one : *found) {
      slots.push_back(one.slot);
    }
    EXPECT_FALSE(slots.empty());
    return slots;
  }
  std::vector<HolderFacts> again(const std::vector<DescriptorSlot>& slots) {
    auto found = picture_->holders_at(slots);
    EXPECT_TRUE(found) << found.error().context;
    return found ? std::move(*found) : std::vector<HolderFacts>();
  }
};

TEST_F(SlotLook, NothingChanged_AllThatTheIteratorSays) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto first = picture_->holders_of(getpid(), kPort);
  ASSERT_EQ(first->size(), 1u);
  const auto second = again({first->at(0).slot});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].socket, first->at(0).socket);
  EXPECT_EQ(second[0].task, first->at(0).task);
  EXPECT_EQ(second[0].slot.files, first->at(0).slot.files);
  EXPECT_EQ(second[0].slot.fd, socket.get());
  EXPECT_EQ(second[0].references, 1u);
  EXPECT_EQ(second[0].waiters, 0u);
}

TEST_F(SlotLook, MptcpListener_IsTheSameToo) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort, kMptcp);
  const auto first = picture_->holders_of(getpid(), kPort);
  ASSERT_EQ(first->size(), 1u);
  const auto second = again({first->at(0).slot});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].socket, first->at(0).socket);
  EXPECT_EQ(second[0].references, 1u);
}

TEST_F(SlotLook, LiveFields_AreReadAnew) {
  const UniqueFd socket = bound_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  start_listening(socket);
  EXPECT_EQ(again(slots).at(0).socket.state, SocketState::listening);
}

TEST_F(SlotLook, DuplicateSince_CountsAsAReference) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  const UniqueFd copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  EXPECT_EQ(again(slots).at(0).references, 2u);
  EXPECT_FALSE(only(again(slots), kPort).proven());
  EXPECT_TRUE(only(again(slots_of(getpid())), kPort).proven());
}

TEST_F(SlotLook, SentAway_IsUnproven) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  const Channel channel = make_channel();
  send_descriptor(channel.left, socket);
  EXPECT_FALSE(only(again(slots), kPort).proven());
}

TEST_F(SlotLook, MovedToAnotherNumber_IsNotMet) {
  UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  const UniqueFd copy(fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  socket.reset();
  EXPECT_TRUE(again(slots).empty());
}

TEST_F(SlotLook, AnotherSocketUnderTheNumber_IsNotMet) {
  UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  const int number = socket.get();
  socket.reset();
  const UniqueFd other = listening_socket("127.0.0.1", kPort);
  ASSERT_EQ(other.get(), number);
  EXPECT_TRUE(again(slots).empty());
}

TEST_F(SlotLook, AFileUnderTheNumber_IsNotMet) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(dup3(file.get(), socket.get(), O_CLOEXEC), socket.get());
  EXPECT_TRUE(again(slots).empty());
}

TEST_F(SlotLook, ClosedDescriptor_IsNotMet) {
  UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const auto slots = slots_of(getpid());
  socket.reset();
  EXPECT_TRUE(again(slots).empty());
}

TEST_F(SlotLook, HolderThatEnded_IsNotMetThoughAnotherKeepsTheSocket) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  Child child([] {});
  const auto theirs = slots_of(child.pid());
  EXPECT_EQ(again(theirs).at(0).task.id.pid, child.pid());
  child.finish();
  EXPECT_TRUE(again(theirs).empty());
  EXPECT_TRUE(only(again(slots_of(getpid())), kPort).proven());
}

// Two slots of one file: only both account for it.
TEST_F(SlotLook, ForkedHolder_ProvenByBothSlots) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const Child child([] {});
  auto slots = slots_of(getpid());
  EXPECT_FALSE(only(again(slots), kPort).proven());
  slots.push_back(slots_of(child.pid()).at(0));
  const auto both = only(again(slots), kPort);
  EXPECT_EQ(both.holders.size(), 2u);
  EXPECT_TRUE(both.proven());
}

TEST_F(SlotLook, HolderBlockedInPoll_StillProven) {
  const SleepingChild child(
      kPort,
      [](int listener) {
        pollfd wait{listener, POLLIN, 0};
        poll(&wait, 1, -1);
      },
      "poll");
  const auto found = only(again(slots_of(child.pid())), kPort);
  EXPECT_EQ(found.references, 2u);
  EXPECT_EQ(found.waiters, 1u);
  EXPECT_TRUE(found.proven());
}

TEST_F(SlotLook, RubbishAddresses_LeadNowhere) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const DescriptorSlot good = slots_of(getpid()).at(0);
  std::mt19937_64 random(7221);
  for (int i = 0; i < 1000; ++i) {
    DescriptorSlot bad = good;
    std::uint64_t* const fields[] = {&bad.task, &bad.files, &bad.file, &bad.sk};
    // Any value at all, or a kernel address near the right one.
    std::uint64_t& field = *fields[i % 4];
    field = i % 8 < 4 ? random() : field + 8 * (1 + random() % 1024);
    EXPECT_TRUE(again({bad}).empty()) << i;
  }
  DescriptorSlot far = good;
  far.fd = 0x7fffffff;
  EXPECT_TRUE(again({far}).empty());
  EXPECT_EQ(again({good}).size(), 1u);
}

TEST_F(SlotLook, MoreSlotsThanItTakes_TheFirstOnes) {
  const UniqueFd socket = listening_socket("127.0.0.1", kPort);
  const DescriptorSlot one = slots_of(getpid()).at(0);
  const std::vector<DescriptorSlot> many(KernelPicture::kMostSlots + 10, one);
  EXPECT_EQ(again(many).size(), KernelPicture::kMostSlots);
  EXPECT_TRUE(again({}).empty());
}

// Someone moves the socket from one number to the other without an end, and between
// the two has it in both. Ours are two references more.
TEST_F(SlotLook, DescriptorOnTheMove_ReferencesAreThoseOfTheInstant) {
  const UniqueFd first = listening_socket("127.0.0.1", kPort);
  const UniqueFd second(fcntl(first.get(), F_DUPFD_CLOEXEC, 0));
  const auto slots = slots_of(getpid());
  ASSERT_EQ(slots.size(), 2u);
  const Reaper child(fork());
  const pid_t mover = child.pid();
  if (mover == 0) {
    for (;;) {
      close(second.get());
      dup3(first.get(), second.get(), O_CLOEXEC);
      close(first.get());
      dup3(second.get(), first.get(), O_CLOEXEC);
    }
  }
  std::vector<DescriptorSlot> theirs = slots;
  const auto found = picture_->all_holders(kPort);
  for (const HolderFacts& one : *found) {
    if (one.task.id.pid == mover) {
      theirs[0].task = theirs[1].task = one.slot.task;
      theirs[0].files = theirs[1].files = one.slot.files;
    }
  }
  ASSERT_NE(theirs[0].files, slots[0].files);
  constexpr std::size_t kLooks = 20000;
  std::size_t partly = 0;
  std::size_t fooled = 0;
  for (std::size_t i = 0; i < kLooks; ++i) {
    const auto met = again(theirs);
    std::uint32_t references = 0;
    for (const HolderFacts& one : met) {
      EXPECT_EQ(one.task.id.pid, mover);
      references = std::max(references, one.references);
    }
    partly += met.size() == 1 ? 1 : 0;
    fooled += !met.empty() && references < 2 + met.size() ? 1 : 0;
  }
  EXPECT_GT(partly, 0u) << "it never moved: the test shows nothing";
  EXPECT_LT(fooled, kLooks / 20) << "no better than a walk";
}

}  // namespace
}  // namespace portwatch::test
