// varlink_framing.h - NUL-terminated messages out of a stream of bytes.
//
// Source: varlink.org, "Method Call": each message is followed by one NUL byte.
// Pure: no descriptor, no clock. Every byte is looked at once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace portwatch {

class VarlinkFraming {
 public:
  // `limit`: longest message in bytes, without its NUL.
  explicit VarlinkFraming(std::size_t limit) : limit_(limit) {}

  // Takes bytes in. What next() returned before is no longer valid.
  void append(std::string_view bytes);

  // The next whole message without its NUL, valid until append() is called.
  // Nothing: more bytes are needed, or too_long().
  std::optional<std::string_view> next();

  // Gives memory back when nothing is kept. Like append(), ends next()'s view.
  void release_memory();

  // True when next() would return a message.
  bool has_message();
  // True when bytes of an unfinished message are all there is.
  bool partial();
  // True when the message at the front is longer than the limit. Stays so.
  bool too_long();

 private:
  // Position of the NUL that ends the front message, npos when it is not there.
  std::size_t find_end();

  std::size_t limit_;
  std::string bytes_;
  std::size_t start_ = 0;    // of the front message
  std::size_t scanned_ = 0;  // no NUL between start_ and here
};

}  // namespace portwatch
