#include "fallback/proc_net.h"

#include <charconv>
#include <cstring>

namespace portwatch {
namespace {

std::string_view take(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return token;
}

std::string_view take_field(std::string_view& rest) {
  const auto first = rest.find_first_not_of(' ');
  rest.remove_prefix(first == std::string_view::npos ? rest.size() : first);
  return take(rest, ' ');
}

// Exactly `digits` digits, or (0) any number of them.
template <class Number>
bool read_number(std::string_view text, int base, std::size_t digits,
                 Number& value) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == end &&
         (digits == 0 || text.size() == digits);
}

bool read_address(std::string_view text, Family family, AddressBytes& address) {
  const std::size_t words = family == Family::ipv4 ? 1 : 4;
  if (text.size() != words * 8) {
    return false;
  }
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word = 0;
    if (!read_number(text.substr(i * 8, 8), 16, 8, word)) {
      return false;
    }
    std::memcpy(address.data() + i * 4, &word, sizeof word);
  }
  return true;
}

bool read_pair(std::string_view field, Family family, AddressBytes& address,
               Port& port) {
  const std::string_view host = take(field, ':');
  return read_address(host, family, address) && read_number(field, 16, 4, port);
}

// "03:00001770": which timer, and in how many clock ticks it fires.
std::optional<std::chrono::milliseconds> read_remaining(std::string_view field) {
  constexpr std::int64_t kTick = 10;  // milliseconds; USER_HZ is 100 everywhere
  unsigned timer = 0;
  std::uint32_t ticks = 0;
  if (!read_number(take(field, ':'), 16, 2, timer) || timer != kTimeWaitTimer ||
      !read_number(field, 16, 8, ticks)) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(ticks * kTick);
}

}  // namespace

std::optional<SocketRecord> parse_proc_net_line(std::string_view line,
                                                Protocol protocol, Family family) {
  constexpr int kBetweenTimerAndInode = 3;  // retransmits, uid, timeout
  SocketRecord socket;
  socket.local.protocol = protocol;
  socket.local.family = family;
  const std::string_view slot = take_field(line);
  if (slot.empty() || slot.back() != ':' ||
      !read_pair(take_field(line), family, socket.local.address,
                 socket.local.port) ||
      !read_pair(take_field(line), family, socket.remote, socket.remote_port)) {
    return std::nullopt;
  }
  unsigned number = 0;
  if (!read_number(take_field(line), 16, 2, number)) {
    return std::nullopt;
  }
  const auto state = socket_state(static_cast<int>(number));
  take_field(line);  // queues
  const std::string_view timer = take_field(line);
  for (int i = 0; i < kBetweenTimerAndInode; ++i) {
    take_field(line);
  }
  if (!state || socket.local.port == 0 ||
      !read_number(take_field(line), 10, 0, socket.inode)) {
    return std::nullopt;
  }
  socket.state = *state;
  if (*state == SocketState::closing) {
    socket.remaining = read_remaining(timer);
    socket.fin_wait2 = socket.remaining && number == kFinWait2;
  }
  return socket;
}

std::vector<SocketRecord> parse_proc_net(std::string_view bytes, Protocol protocol,
                                         Family family) {
  std::vector<SocketRecord> sockets;
  while (!bytes.empty()) {
    if (auto socket = parse_proc_net_line(take(bytes, '\n'), protocol, family)) {
      sockets.push_back(std::move(*socket));
    }
  }
  return sockets;
}

}  // namespace portwatch
