#include "userspace/source/event_decoder.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

#include "bpf/events.h"

namespace portwatch {
namespace {

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

pw_socket_record sample() {
  pw_socket_record record{};
  record.header = {PW_LISTEN, 1, 42, 5'000'000'000};
  record.socket.id = 77;
  record.socket.port = 5055;
  record.socket.protocol = IPPROTO_TCP;
  record.socket.family = AF_INET;
  record.socket.state = 10;
  record.socket.flags = PW_SOCKET_REUSEADDR | PW_SOCKET_LOCKED;
  record.socket.address[0] = 127;
  record.socket.address[3] = 1;
  record.task.pid = 4242;
  record.task.start_ns = 1'230'000'000;
  std::strcpy(record.task.comm, "python3");
  return record;
}

TEST(EventDecoder, SocketRecord_EveryFieldArrives) {
  const auto record = decode_record(bytes_of(sample()));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->cpu, 1u);
  EXPECT_EQ(record->seq, 42u);
  const auto& event = std::get<SocketEvent>(record->event);
  EXPECT_EQ(event.kind, SocketEvent::Kind::listen);
  EXPECT_EQ(event.when, BootTime(5'000'000'000));
  EXPECT_EQ(endpoint_text(event.socket.endpoint), "127.0.0.1:5055");
  EXPECT_EQ(event.socket.state, SocketState::listening);
  EXPECT_TRUE(event.socket.reuse_addr);
  EXPECT_FALSE(event.socket.reuse_port);
  EXPECT_TRUE(event.socket.locked);
  EXPECT_EQ(event.task.id, (ProcessId{4242, 123}));
  EXPECT_EQ(event.task.comm, "python3");
}

TEST(EventDecoder, CommWithoutNul_IsCutAtItsEnd) {
  auto raw = sample();
  std::memset(raw.task.comm, 'x', sizeof raw.task.comm);
  const auto record = decode_record(bytes_of(raw));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<SocketEvent>(record->event).task.comm, std::string(16, 'x'));
}

TEST(EventDecoder, ShortLongOrUnknown_Nothing) {
  const auto raw = sample();
  EXPECT_FALSE(decode_record(bytes_of(raw).first(sizeof raw - 1)));
  EXPECT_FALSE(decode_record(bytes_of(raw).first(3)));
  EXPECT_FALSE(decode_record({}));
  auto unknown = raw;
  unknown.header.kind = 99;
  EXPECT_FALSE(decode_record(bytes_of(unknown)));
  auto process = raw;
  process.header.kind = PW_EXIT;  // the size of another record
  EXPECT_FALSE(decode_record(bytes_of(process)));
}

TEST(EventDecoder, ProtocolWithoutPorts_Nothing) {
  auto raw = sample();
  raw.socket.protocol = IPPROTO_ICMP;
  EXPECT_FALSE(decode_record(bytes_of(raw)));
}

TEST(EventDecoder, UdpStates_ConnectedOrBound) {
  auto raw = sample();
  raw.socket.protocol = IPPROTO_UDP;
  raw.socket.state = 1;
  EXPECT_EQ(std::get<SocketEvent>(decode_record(bytes_of(raw))->event).socket.state,
            SocketState::connected);
  raw.socket.state = 7;
  EXPECT_EQ(std::get<SocketEvent>(decode_record(bytes_of(raw))->event).socket.state,
            SocketState::bound);
}

TEST(EventDecoder, Fork_NamesTheChild) {
  pw_process_record raw{};
  raw.header.kind = PW_FORK;
  raw.child_pid = 7;
  raw.child_start_ns = 20'000'000;
  const auto record = decode_record(bytes_of(raw));
  ASSERT_TRUE(record);
  EXPECT_EQ(std::get<ProcessEvent>(record->event).child, (ProcessId{7, 2}));
}

TEST(EventDecoder, Entries_TornTailIsIgnored) {
  pw_socket_entry raw[2] = {};
  for (auto& entry : raw) {
    entry.socket = sample().socket;
  }
  const auto bytes = std::as_bytes(std::span(raw));
  EXPECT_EQ(decode_socket_entries(bytes).size(), 2u);
  EXPECT_EQ(decode_socket_entries(bytes.first(bytes.size() - 1)).size(), 1u);
}

TEST(EventDecoder, EntryOfAnOldSocket_NoCreatorNoTime) {
  pw_socket_entry raw{};
  raw.socket = sample().socket;
  const auto entries = decode_socket_entries(bytes_of(raw));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_FALSE(entries[0].creator);
  EXPECT_FALSE(entries[0].since);
}

TEST(EventDecoder, HolderEntry_CountsArrive) {
  pw_holder_entry raw{};
  raw.socket = sample().socket;
  raw.fd = 3;
  raw.references = 2;
  raw.waiters = 1;
  raw.files = 0xabc;
  const auto found = decode_holder_entries(bytes_of(raw));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].fd, 3);
  EXPECT_EQ(found[0].references, 2u);
  EXPECT_EQ(found[0].waiters, 1u);
  EXPECT_EQ(found[0].files, 0xabcu);
}

}  // namespace
}  // namespace portwatch
