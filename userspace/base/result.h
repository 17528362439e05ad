// result.h - a value or an error, for everything that can fail.
//
// Library folders return Result and never log; daemon/ and cli/ decide what a
// person gets to read. Shaped like std::expected, which C++20 does not have.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace portwatch {

// What kind of failure it was, so that callers can choose without parsing text.
enum class Errc {
  not_permitted,  // EPERM, EACCES: rights are missing
  not_supported,  // this kernel or system cannot do it
  not_found,      // no such file, process, socket
  invalid,        // the input is wrong
  busy,           // somebody else holds it
  timed_out,
  closed,       // the peer went away
  unavailable,  // it is there and knows the question, but cannot answer it now
  overloaded,   // a limit of ours was reached
  io,           // everything else that the system refused
};

struct Error {
  Errc code = Errc::io;
  std::string context;  // a sentence without a full stop: what, on what, why
};

// `context` grows on the way up: "cannot start: open /x: Permission denied".
inline Error add_context(Error error, std::string_view what) {
  error.context = std::string(what) + ": " + error.context;
  return error;
}

// Turns errno into an Error: "what: strerror(number)".
Error errno_error(int number, std::string_view what);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok(); throws std::bad_variant_access otherwise.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : failed_(true), error_(std::move(error)) {}

  bool ok() const { return !failed_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return error_; }

 private:
  bool failed_ = false;
  Error error_;
};

}  // namespace portwatch
