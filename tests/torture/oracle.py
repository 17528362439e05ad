"""oracle.py - what the kernel says of every socket, asked without portwatch:
sock_diag(7) in each namespace (bound and silent ones too), and a full scan of
/proc/PID/fd. Shares no code and no source with the daemon's eBPF.
"""
import collections
import os
import re
import socket
import struct

from worker import MPTCP, enter

SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST_DUMP = 0x301
ALL_STATES = 0x3FFF  # bit 13: TCP_BOUND_INACTIVE, Linux 6.8
INET_DIAG_REQ_PROTOCOL = 3  # linux/inet_diag.h
DONE, ERROR = 3, 2
# include/net/tcp_states.h
LISTEN, CLOSE, BOUND_INACTIVE = 10, 7, 13
CLOSING = {4, 5, 6, 9, 11}

Socket = collections.namedtuple("Socket", "netns protocol address port state inode")


def state_name(protocol, state):
    if protocol == "udp":
        return "bound" if state == CLOSE else "connected"
    if state == LISTEN:
        return "listening"
    if state in (CLOSE, BOUND_INACTIVE):
        return "bound"
    return "closing" if state in CLOSING else "connected"


def dump(family, protocol):
    """inet_diag_msg of every socket: (state, port, address, inode)."""
    body = struct.pack("=BBBBI48s", family, protocol & 0xFF, 0, 0, ALL_STATES, b"")
    body += struct.pack("=HHI", 8, INET_DIAG_REQ_PROTOCOL, protocol)
    head = struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY,
                       NLM_F_REQUEST_DUMP, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as link:
        link.send(head + body)
        while True:
            data = link.recv(1 << 18)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind == DONE:
                    return
                if kind == ERROR:
                    raise OSError(-struct.unpack_from("=i", data, 16)[0], "sock_diag")
                at = 16
                state = data[at + 1]
                port = struct.unpack_from(">H", data, at + 4)[0]
                raw = data[at + 8:at + 24]
                inode = struct.unpack_from("=I", data, at + 68)[0]
                found = data[at]
                address = socket.inet_ntop(
                    found, raw[:4] if found == socket.AF_INET else raw)
                yield state, port, address, inode
                data = data[(size + 3) & ~3:]


def sockets_here(netns):
    """Every socket that holds a port in the namespace that we are in."""
    found = []
    mptcp = {}
    subflows = set()
    for family in (socket.AF_INET, socket.AF_INET6):
        for state, port, address, inode in dump(family, MPTCP):
            if inode:
                mptcp[inode] = (state, port, address)
    for family in (socket.AF_INET, socket.AF_INET6):
        for protocol, number in (("tcp", 6), ("udp", 17)):
            for state, port, address, inode in dump(family, number):
                if inode and inode in mptcp:
                    subflows.add(inode)  # its owner is listed below
                    continue
                if port:
                    found.append(Socket(netns, protocol, address, port,
                                        state_name(protocol, state), inode))
    for inode, (state, port, address) in mptcp.items():
        # When its connection is over, it goes on naming a port that is not its own.
        if port and (state != CLOSE or inode in subflows):
            found.append(Socket(netns, "mptcp", address, port,
                                state_name("mptcp", state), inode))
    return found


def holders():
    """sockfs inode -> {(pid, fd)}, from every /proc/PID/fd and of every thread
    group whose main thread has ended from /proc/PID/task/TID/fd."""
    found = collections.defaultdict(set)
    pattern = re.compile(r"socket:\[(\d+)\]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            numbers = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for number in numbers:
            try:
                match = pattern.fullmatch(os.readlink(f"/proc/{pid}/fd/{number}"))
            except OSError:
                continue
            if match:
                found[int(match[1])].add((int(pid), int(number)))
    return found


def picture(namespaces, home):
    """namespaces: inode -> descriptor. All sockets and who has them."""
    sockets = []
    try:
        for inode, handle in namespaces.items():
            enter(handle)
            sockets += sockets_here(inode)
    finally:
        enter(home)
    return sockets, holders()
