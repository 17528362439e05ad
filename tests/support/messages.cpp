#include "tests/support/messages.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace portwatch::test {
namespace {

// One byte, because a message without data carries no descriptor.
struct Message {
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};

  Message() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
};

void check_transfer(bool ok, const char* what) {
  if (!ok) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

}  // namespace

Channel make_channel() {
  int pair[2];
  check_transfer(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0,
                 "socketpair");
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

void send_descriptor(const UniqueFd& through, const UniqueFd& what) {
  Message message;
  cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int number = what.get();
  std::memcpy(CMSG_DATA(rights), &number, sizeof number);
  check_transfer(sendmsg(through.get(), &message.header, 0) == 1, "sendmsg");
}

UniqueFd receive_descriptor(const UniqueFd& from) {
  Message message;
  check_transfer(recvmsg(from.get(), &message.header, MSG_CMSG_CLOEXEC) == 1,
                 "recvmsg");
  const cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  check_transfer(rights != nullptr && rights->cmsg_type == SCM_RIGHTS,
                 "SCM_RIGHTS");
  int number = -1;
  std::memcpy(&number, CMSG_DATA(rights), sizeof number);
  return UniqueFd(number);
}

}  // namespace portwatch::test
