"""worker.py - one process of the torture: random socket operations, seeded.

It does as many as it is told, then reports what it believes it has, and waits.
It may be stopped or killed at any instant.
"""
import array
import ctypes
import json
import os
import random
import signal
import socket

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
MPTCP = 262
PORTS = range(9000, 9020)
V4 = ["127.0.0.1", "127.0.0.2", "0.0.0.0"]
V6 = ["::1", "::"]
MOST_SOCKETS = 12
MOST_CHILDREN = 2


def enter(netns):
    if LIBC.setns(netns, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Worker:
    """`mailbox` gets descriptors, `peers` are the others' mailboxes."""

    def __init__(self, seed, namespaces, mailbox, peers):
        self.random = random.Random(seed)
        self.namespaces = namespaces
        self.mailbox = mailbox
        self.peers = peers
        self.sockets = []  # [socket, asked port or None, listens]
        self.children = 0
        self.operations = (
            [self.make] * 6 + [self.bind] * 8 + [self.listen] * 6 + [self.connect] * 6
            + [self.accept] * 5 + [self.close] * 8 + [self.shutdown] * 2
            + [self.duplicate] * 2 + [self.send_away] * 3 + [self.receive] * 3
            + [self.send_datagram] * 2 + [self.disconnect] * 2 + [self.option] * 3
            + [self.fork] * 1 + [self.move] * 1)

    def run(self, count):
        for _ in range(count):
            try:
                self.random.choice(self.operations)()
            except OSError:
                pass  # most random operations are refused, as they should be

    def pick(self):
        return self.random.choice(self.sockets) if self.sockets else None

    def address(self, sock):
        return self.random.choice(V4 if sock.family == socket.AF_INET else V6)

    def make(self):
        if len(self.sockets) >= MOST_SOCKETS:
            return self.close()
        family = self.random.choice([socket.AF_INET, socket.AF_INET6])
        kind, protocol = self.random.choice(
            [(socket.SOCK_STREAM, 0)] * 4 + [(socket.SOCK_DGRAM, 0)] * 3
            + [(socket.SOCK_STREAM, MPTCP)])
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        self.sockets.append([made, None, False])

    def bind(self):
        entry = self.pick()
        if entry:
            port = self.random.choice([0, *PORTS])
            entry[0].bind((self.address(entry[0]), port))
            entry[1] = port or None

    def listen(self):
        entry = self.pick()
        if entry:
            entry[0].listen(4)
            entry[2] = True

    def connect(self):
        entry = self.pick()
        if entry:
            port = self.random.choice(PORTS)
            if self.random.random() < 0.5:
                others = [e for e in self.sockets if e[2]]
                if others:
                    port = self.random.choice(others)[0].getsockname()[1]
            host = "127.0.0.1" if entry[0].family == socket.AF_INET else "::1"
            entry[0].connect((host, port))

    def accept(self):
        entry = self.pick()
        if entry and len(self.sockets) < MOST_SOCKETS:
            made, _ = entry[0].accept()
            made.setblocking(False)
            self.sockets.append([made, None, False])

    def close(self):
        if self.sockets:
            self.sockets.pop(self.random.randrange(len(self.sockets)))[0].close()

    def shutdown(self):
        entry = self.pick()
        if entry:
            entry[2] = False
            entry[0].shutdown(self.random.choice([socket.SHUT_RDWR, socket.SHUT_WR]))

    def duplicate(self):
        entry = self.pick()
        if entry and len(self.sockets) < MOST_SOCKETS:
            self.sockets.append([entry[0].dup(), entry[1], entry[2]])

    def send_away(self):
        entry = self.pick()
        if entry:
            rights = array.array("i", [entry[0].fileno()])
            peer = self.random.choice(self.peers)
            peer.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
                         socket.MSG_DONTWAIT)
            if self.random.random() < 0.5:
                self.sockets.remove(entry)
                entry[0].close()

    def receive(self):
        _, control, _, _ = self.mailbox.recvmsg(1, socket.CMSG_SPACE(4),
                                                socket.MSG_DONTWAIT)
        for _, _, data in control:
            number = array.array("i", data)[0]
            if len(self.sockets) >= MOST_SOCKETS:
                os.close(number)
            else:
                made = socket.socket(fileno=number)
                made.setblocking(False)
                self.sockets.append([made, None, False])

    def send_datagram(self):
        entry = self.pick()
        if entry and entry[0].type == socket.SOCK_DGRAM:
            host = "127.0.0.1" if entry[0].family == socket.AF_INET else "::1"
            entry[0].sendto(b"x", (host, 9))

    def disconnect(self):
        entry = self.pick()
        if entry:
            unspecified = (ctypes.c_char * 16)()
            LIBC.connect(entry[0].fileno(), unspecified, 16)

    def option(self):
        entry = self.pick()
        if entry:
            name = self.random.choice([socket.SO_REUSEADDR, socket.SO_REUSEPORT])
            entry[0].setsockopt(socket.SOL_SOCKET, name, self.random.randrange(2))

    def move(self):
        enter(self.random.choice(self.namespaces))

    def fork(self):
        """A child that goes on with our sockets for a while, or runs `sleep`."""
        while self.children and os.waitpid(-1, os.WNOHANG)[0] != 0:
            self.children -= 1
        if self.children >= MOST_CHILDREN:
            return
        fate = self.random.random()
        seed = self.random.random()
        self.children += 1
        if os.fork() != 0:
            return
        try:
            die_with_parent()
            self.random = random.Random(seed)
            self.operations = [o for o in self.operations if o != self.fork]
            if fate < 0.3:
                for entry in self.sockets:
                    entry[0].set_inheritable(self.random.random() < 0.5)
                os.execv("/bin/sleep", ["sleep", f"{self.random.random():.3f}"])
            self.run(self.random.randrange(200))
        finally:
            os._exit(0)

    def inventory(self):
        return [[e[0].fileno(), os.fstat(e[0].fileno()).st_ino] for e in self.sockets]


def serve(worker, orders, reports):
    """Reads counts, one a line; answers each with the inventory."""
    die_with_parent()
    with os.fdopen(orders) as lines, os.fdopen(reports, "w") as out:
        for line in lines:
            worker.run(int(line))
            out.write(json.dumps(worker.inventory()) + "\n")
            out.flush()
    os._exit(0)
