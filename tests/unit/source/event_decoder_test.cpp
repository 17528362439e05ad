#include "userspace/source/event_decoder.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <functional>
#include <string_view>

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

template <std::size_t N>
std::uint16_t fill(char (&field)[N], std::string_view bytes) {
  std::memcpy(field, bytes.data(), bytes.size());
  return static_cast<std::uint16_t>(bytes.size());
}

pw_details sample_details() {
  pw_details details{};
  using namespace std::literals;
  details.flags = PW_DETAILS_EXE | PW_DETAILS_CGROUP;
  details.exe_len = fill(details.exe, "python3\0bin\0usr\0"sv);
  details.argv_len = fill(details.argv, "python3\0-m\0\0http.server\0"sv);
  details.cgroup_len = fill(details.cgroup, "web.service\0system.slice\0"sv);
  details.parent_count = 2;
  details.parent[0].pid = 300;
  details.parent[0].start_ns = 50'000'000;
  details.parent[1].pid = 1;
  return details;
}

pw_failure_record sample_failure() {
  pw_failure_record record{};
  record.header = {PW_FAILURE, 1, 43, 6'000'000'000};
  record.socket = sample().socket;
  record.socket.uid = 33;
  record.task = sample().task;
  record.task.parent_start_ns = 50'000'000;
  record.error = 98;
  record.operation = PW_OP_LISTEN;
  record.details = sample_details();
  return record;
}

const FailureEvent* failure_of(const std::optional<Record>& record) {
  return record ? std::get_if<FailureEvent>(&record->event) : nullptr;
}

TEST(EventDecoder, FailureRecord_EveryFieldArrives) {
  const auto record = decode_record(bytes_of(sample_failure()));
  const FailureEvent* failure = failure_of(record);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->operation, Operation::listen);
  EXPECT_EQ(failure->error, 98);
  EXPECT_EQ(failure->when, BootTime(6'000'000'000));
  EXPECT_EQ(endpoint_text(failure->socket.endpoint), "127.0.0.1:5055");
  EXPECT_EQ(failure->socket.uid, 33u);
  EXPECT_EQ(failure->task.id, (ProcessId{4242, 123}));
  EXPECT_EQ(failure->task.parent_start_ticks, 5u);
  const TaskDetails& details = failure->details;
  EXPECT_EQ(details.exe, "/usr/bin/python3");
  EXPECT_EQ(details.argv,
            (std::vector<std::string>{"python3", "-m", "", "http.server"}));
  EXPECT_FALSE(details.argv_cut);
  EXPECT_EQ(details.cgroup, "/system.slice/web.service");
  ASSERT_EQ(details.parents.size(), 2u);
  EXPECT_EQ(details.parents[0].id, (ProcessId{300, 5}));
  EXPECT_EQ(details.parents[1].id.pid, 1);
}

TEST(EventDecoder, Details_WhatDidNotReachTheRootIsNotKnown) {
  auto raw = sample_failure();
  raw.details.flags = PW_DETAILS_ARGV_CUT;
  const auto record = decode_record(bytes_of(raw));
  const FailureEvent* failure = failure_of(record);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->details.exe, "");
  EXPECT_EQ(failure->details.cgroup, "");
  EXPECT_TRUE(failure->details.argv_cut);
}

TEST(EventDecoder, Details_RootCgroupAndUnlinkedProgram) {
  auto raw = sample_failure();
  raw.details.flags |= PW_DETAILS_DELETED;
  raw.details.cgroup_len = 0;
  const auto record = decode_record(bytes_of(raw));
  const FailureEvent* failure = failure_of(record);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->details.exe, "/usr/bin/python3 (deleted)");
  EXPECT_EQ(failure->details.cgroup, "/");
}

TEST(EventDecoder, FieldsFilledToTheirEnds_AreTaken) {
  auto raw = sample_failure();
  std::memset(raw.details.exe, 'e', sizeof raw.details.exe);
  std::memset(raw.details.argv, 'a', sizeof raw.details.argv);
  raw.details.exe_len = sizeof raw.details.exe;
  raw.details.argv_len = sizeof raw.details.argv;
  raw.details.parent_count = PW_PARENTS;
  const auto record = decode_record(bytes_of(raw));
  const FailureEvent* failure = failure_of(record);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->details.exe, "/" + std::string(512, 'e'));
  EXPECT_EQ(failure->details.argv, std::vector<std::string>{std::string(512, 'a')});
  EXPECT_EQ(failure->details.parents.size(), 8u);
}

TEST(EventDecoder, FailureWithALengthBeyondItsField_Nothing) {
  const auto refuses = [](const std::function<void(pw_failure_record&)>& spoil) {
    auto raw = sample_failure();
    spoil(raw);
    return !decode_record(bytes_of(raw));
  };
  EXPECT_FALSE(refuses([](auto&) {}));
  EXPECT_TRUE(refuses([](auto& r) { r.details.exe_len = PW_EXE_LEN + 1; }));
  EXPECT_TRUE(refuses([](auto& r) { r.details.argv_len = PW_ARGV_LEN + 1; }));
  EXPECT_TRUE(refuses([](auto& r) { r.details.cgroup_len = PW_CGROUP_LEN + 1; }));
  EXPECT_TRUE(refuses([](auto& r) { r.details.parent_count = PW_PARENTS + 1; }));
  EXPECT_TRUE(refuses([](auto& r) { r.operation = 3; }));
  EXPECT_TRUE(refuses([](auto& r) { r.error = 0; }));
  EXPECT_TRUE(refuses([](auto& r) { r.error = 4096; }));
  EXPECT_TRUE(refuses([](auto& r) { r.socket.protocol = IPPROTO_ICMP; }));
  const auto whole = sample_failure();
  EXPECT_FALSE(decode_record(bytes_of(whole).first(sizeof whole - 1)));
}

pw_exit_record sample_exit() {
  pw_exit_record record{};
  record.header.kind = PW_EXIT;
  record.task = sample().task;
  record.wait_status = 0x500;
  return record;
}

TEST(EventDecoder, Exit_StatusAndDetails) {
  auto raw = sample_exit();
  raw.details = sample_details();
  const auto record = decode_record(bytes_of(raw));
  ASSERT_TRUE(record);
  const auto& event = std::get<ProcessEvent>(record->event);
  EXPECT_EQ(event.kind, ProcessEvent::Kind::exit);
  EXPECT_EQ(event.wait_status, 0x500);
  ASSERT_TRUE(event.details);
  EXPECT_EQ(event.details->exe, "/usr/bin/python3");
}

TEST(EventDecoder, ExitWithoutMemory_NoDetails) {
  const auto record = decode_record(bytes_of(sample_exit()));
  ASSERT_TRUE(record);
  EXPECT_FALSE(std::get<ProcessEvent>(record->event).details);
}

TEST(EventDecoder, ExitWithALengthBeyondItsField_Nothing) {
  auto raw = sample_exit();
  raw.details = sample_details();
  raw.details.argv_len = 0xffff;
  EXPECT_FALSE(decode_record(bytes_of(raw)));
}

TEST(EventDecoder, Entries_TornTailIsIgnored) {
  pw_socket_entry raw[2] = {};
  for (auto& entry : raw) {
    entry.socket = sample().socket;
  }
  const auto bytes = std::as_bytes(std::span(raw));
  std::vector<SocketEntry> entries;
  decode_socket_entries(bytes.first(bytes.size() - 1), entries);
  EXPECT_EQ(entries.size(), 1u);
  decode_socket_entries(bytes, entries);
  EXPECT_EQ(entries.size(), 3u);
}

TEST(EventDecoder, EntryOfAnOldSocket_NoCreatorNoTime) {
  pw_socket_entry raw{};
  raw.socket = sample().socket;
  std::vector<SocketEntry> entries;
  decode_socket_entries(bytes_of(raw), entries);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_FALSE(entries[0].creator);
  EXPECT_FALSE(entries[0].since);
}

TEST(EventDecoder, HolderEntry_CountsArrive) {
  pw_holder_entry raw{};
  raw.socket = sample().socket;
  raw.slot.fd = 3;
  raw.references = 2;
  raw.waiters = 1;
  raw.sharers = 5;
  raw.threads = 4;
  raw.slot.files = 0xabc;
  const auto found = decode_holder_entries(bytes_of(raw));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].slot.fd, 3);
  EXPECT_EQ(found[0].references, 2u);
  EXPECT_EQ(found[0].waiters, 1u);
  EXPECT_EQ(found[0].sharers, 5u);
  EXPECT_EQ(found[0].threads, 4u);
  EXPECT_EQ(found[0].slot.files, 0xabcu);
}

}  // namespace
}  // namespace portwatch
