#!/usr/bin/env python3
"""torture.py - random operations in dozens of processes; portwatch against an
oracle.

  torture.py [--seed N]... [--seconds S] [--workers W] [--namespaces K]
             [--build DIR] [--sabotage N] [--kill] [--overflow]

A seeded generator lets processes in several network namespaces make, bind, pass
on, fork, exec, shut down and close sockets, and kills some. At random instants
everything is stopped and the daemon's answers (list, who, and the table that a
subscriber of watch keeps) are compared with oracle.py. Exit: 0 no difference, 1
some. --sabotage N makes the daemon lose one event in N on purpose: then there must
be some. --kill kills the daemon under load every other time; its successor must know
what it knew. --overflow gives it a ring that is far too small; what it told and what
it reconstructed must add up all the same. Needs root. Ends only processes that it started.
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

import oracle
import worker
from subject import Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATIONS = 400  # of each worker between two comparisons
# What an answer may admit to, and why that is no fault: see matches().
HONEST_GAPS = ("holders: a descriptor is in a message",
               "holders: this host hides process 1")


class Herd:
    """The workers: one process group, stopped and continued as one."""

    def __init__(self, count, namespaces, rng):
        self.rng = rng
        self.namespaces = namespaces
        self.boxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                      for _ in range(count)]
        self.group = 0
        self.workers = [self.start(i) for i in range(count)]

    def start(self, index):
        orders, order_end = os.pipe()
        report_end, reports = os.pipe()
        seed = self.rng.random()
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, self.group)
                os.close(order_end)
                os.close(report_end)
                worker.enter(random.Random(seed).choice(self.namespaces))
                worker.serve(worker.Worker(seed, self.namespaces,
                                           self.boxes[index][0],
                                           [box[1] for box in self.boxes]),
                             orders, reports)
            finally:
                os._exit(1)
        self.group = self.group or pid
        try:
            os.setpgid(pid, self.group)
        except (PermissionError, ProcessLookupError):
            pass
        os.close(orders)
        os.close(reports)
        for end in (order_end, report_end):
            os.set_inheritable(end, False)
        return {"pid": pid, "orders": order_end, "reports": os.fdopen(report_end)}

    def order(self):
        for each in self.workers:
            os.write(each["orders"], f"{OPERATIONS}\n".encode())

    def reports(self):
        return {each["pid"]: json.loads(each["reports"].readline())
                for each in self.workers}

    def members(self):
        """pid -> state of everybody in the group."""
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                text = open(f"/proc/{pid}/stat").read()
            except OSError:
                continue
            fields = text[text.rindex(")") + 2:].split()
            if int(fields[2]) == self.group:
                found[int(pid)] = fields[0]
        return found

    def stop(self):
        os.killpg(self.group, signal.SIGSTOP)
        # Most of them are children's children: no wait(2) tells of their stop.
        deadline = time.monotonic() + 30
        while any(state not in "TZX" for state in self.members().values()):
            if time.monotonic() > deadline:
                raise SystemExit(f"did not stop: {self.members()}")

    def go_on(self):
        os.killpg(self.group, signal.SIGCONT)

    def replace_one(self):
        """kill -9; not the first one, whose number the group has."""
        index = self.rng.randrange(1, len(self.workers))
        gone = self.workers[index]
        os.kill(gone["pid"], signal.SIGKILL)
        os.waitpid(gone["pid"], 0)
        os.close(gone["orders"])
        gone["reports"].close()
        self.workers[index] = self.start(index)

    def end(self):
        for pid in self.members():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for each in self.workers:
            try:
                os.waitpid(each["pid"], 0)
            except ChildProcessError:
                pass


def said_holders(binding):
    return {(p["pid"], fd) for p in binding["holders"] or [] for fd in p["fds"]}


def matches(wanted, who_has, binding):
    """None, or what is wrong with the binding of an answer."""
    fields = [("port", wanted.port)]
    # An MPTCP connection and its subflows end one after the other.
    ending = {wanted.state, binding["state"]} == {"connected", "closing"}
    if not (wanted.protocol == "mptcp" and ending):
        fields.append(("state", wanted.state))
    # An MPTCP socket is in the kernel's MPTCP list only when it listens or is
    # connected; bound, it looks like the TCP socket that binds for it.
    if (wanted.protocol, binding["protocol"]) != ("tcp", "mptcp"):
        fields.append(("protocol", wanted.protocol))
    if wanted.protocol != "mptcp":
        fields.append(("address", wanted.address))
    for name, value in fields:
        if binding[name] != value:
            return f"{name} is {value}, said {json.dumps(binding)}"
    truth = who_has.get(wanted.inode, set())
    if said_holders(binding) != truth:
        return f"holders are {sorted(truth)}, said {sorted(said_holders(binding))}"
    return None


def compare(answer, sockets, who_has, what):
    """Differences between one answer and the oracle."""
    wrong = [f"{what}: claims {gap}" for gap in answer["missing"]
             if not gap.startswith(HONEST_GAPS)]
    said = {}
    closing = collections.Counter()
    for binding in answer["bindings"]:
        if binding["inode"]:
            said[binding["netns"], binding["inode"]] = binding
        elif binding["state"] == "closing":
            closing[binding["netns"], binding["address"], binding["port"]] += 1
    for one in sockets:
        if one.inode:
            binding = said.pop((one.netns, one.inode), None)
            fault = ("is missing" if binding is None
                     else matches(one, who_has, binding))
            if fault:
                wrong.append(f"{what}: {one}: {fault}")
        elif one.state == "closing":
            closing[one.netns, one.address, one.port] -= 1
    wrong += [f"{what}: invented {json.dumps(b)}" for b in said.values()]
    wrong += [f"{what}: closing {place}: {n:+}" for place, n in closing.items() if n]
    return wrong


def compare_stream(daemon, answer):
    """The table that the events alone make, against the answer."""
    here = {b["id"]: b for b in answer["bindings"]}
    # An id with a dash: not tracked, because no hook saw it and no descriptor led
    # to it (UDP that took its port by sending and is in a message now).
    must = {i for i, b in here.items()
            if b["inode"] and b["state"] in ("listening", "bound") and "-" not in i
            and b["inode"] not in daemon.untold}
    return ([f"watch: no bind told of {json.dumps(here[i])}"
             for i in must - daemon.bound.keys()]
            + [f"watch: no release told of {json.dumps(b)}"
               for i, b in daemon.bound.items() if i not in here])


def compare_events(daemon, sockets):
    """What the events alone told, before any look could mend it, against the
    oracle: all that listens, and all that holds one of PORTS (an automatic port
    may go without an event)."""
    told = {(b["netns"], b["inode"]): b for b in daemon.bound.values()}
    there = {(s.netns, s.inode) for s in sockets if s.inode}
    return ([f"events: none told of {s}" for s in sockets
             if s.inode and s.protocol != "udp" and (s.netns, s.inode) not in told
             and s.inode not in daemon.untold
             and (s.state == "listening"
                  or s.state == "bound" and s.port in worker.PORTS)]
            + [f"events: no release told of {json.dumps(b)}"
               for place, b in told.items()
               if b["port"] in worker.PORTS and place not in there])


def compare_past(daemon, answer):
    """An explicit port of TCP is kept for as long as the socket lives, and so is the
    knowledge since when."""
    past = {b["id"]: (b["since"], b["creator"] and b["creator"]["pid"])
            for b in answer["bindings"]
            if b["port"] in worker.PORTS and b["protocol"] != "udp"
            and b["state"] in ("listening", "bound")}
    before, daemon.past = daemon.past, past
    return [f"past: {i} was {before[i]}, is {now}" for i, now in past.items()
            if i in before and not is_same(before[i], now)]


def is_same(before, now):
    if before[1] != now[1] or None in (before[0], now[0]):
        return before == now
    # Each daemon measures anew how far the wall clock is from the boot clock.
    taken = [datetime.datetime.fromisoformat(one[0][:-1]) for one in (before, now)]
    return abs(taken[0] - taken[1]) <= datetime.timedelta(microseconds=1)


def ours(answer, namespaces):
    answer["bindings"] = [b for b in answer["bindings"] if b["netns"] in namespaces]
    return answer


def frozen_picture(namespaces, home):
    """Two looks that agree: timers of the kernel go on while all is stopped."""
    while True:
        first = oracle.picture(namespaces, home)
        yield first
        second = oracle.picture(namespaces, home)
        if sorted(first[0]) == sorted(second[0]):
            return


def check(daemon, namespaces, home, rng):
    for sockets, who_has in frozen_picture(namespaces, home):
        daemon.ask("Who", port=1)  # takes in what is in the ring
        daemon.follow(namespaces)
        wrong = [] if daemon.is_fresh else compare_events(daemon, sockets)
        answer = ours(daemon.ask("List", connected=True), namespaces)
        daemon.follow(namespaces)
        wrong += compare(answer, sockets, who_has, "list")
        if daemon.is_fresh:
            daemon.begin_with(answer)
        wrong += compare_stream(daemon, answer)
        wrong += compare_past(daemon, answer)
        wrong += daemon.take_wrong()
        ports = sorted({s.port for s in sockets})
        for port in rng.sample(ports, min(8, len(ports))):
            about = daemon.ask("Who", port=port)
            elsewhere = [b for b in about["bindings"] if b["netns"] not in namespaces]
            about = ours(about, namespaces)
            there = [s for s in sockets if s.port == port]
            # A server hides connections on its port in every namespace.
            if (any(takes_stream_port(s) for s in there)
                    or any(b["protocol"] != "udp"
                           and b["state"] in ("listening", "bound")
                           for b in elsewhere)):
                there = [s for s in there if s.protocol == "udp"
                         or takes_stream_port(s)]
            wrong += compare(about, there, who_has, f"who {port}")
    return len(sockets), wrong


def takes_stream_port(one):
    return one.protocol != "udp" and one.state in ("listening", "bound")


def keep_inhabited():
    """A process that only stays in this namespace, as the first of a container does:
    where none is, closing sockets are not seen (and portwatch says so)."""
    director = os.getpid()
    pid = os.fork()
    if pid == 0:
        worker.LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        while os.getppid() == director:
            signal.pause()
        os._exit(0)
    return pid


def make_namespaces(count):
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    made = {}
    anchors = []
    for _ in range(count):
        if worker.LIBC.unshare(worker.CLONE_NEWNET) != 0:
            raise SystemExit("torture.py needs root (unshare)")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        handle = os.open("/proc/self/ns/net", os.O_RDONLY)
        made[os.fstat(handle).st_ino] = handle
        anchors.append(keep_inhabited())
    worker.enter(home)
    return made, home, anchors


def torture(options, seed, directory):
    """All the differences that one seed shows, printed."""
    rng = random.Random(seed)
    namespaces, home, anchors = make_namespaces(options.namespaces)
    daemon = Daemon(options, directory)
    herd = Herd(options.workers, list(namespaces.values()), rng)
    differences, rounds, compared = [], 0, 0
    end = time.monotonic() + options.seconds
    try:
        while time.monotonic() < end and not (differences and not options.sabotage):
            herd.order()
            if options.kill and rng.random() < 0.5:
                daemon.kill(pause=rng.random() * 0.2)
            mid_batch = rng.random() < 0.5
            if mid_batch:
                time.sleep(rng.random() * 0.1)  # the random instant
            else:
                herd.reports()
            herd.stop()
            count, wrong = check(daemon, namespaces, home, rng)
            herd.go_on()
            if mid_batch:
                herd.reports()
            differences += wrong
            rounds += 1
            compared += count
            if rng.random() < 0.3:
                herd.replace_one()
    finally:
        herd.end()
        daemon.end()
        worker.enter(home)
        for pid in anchors:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for handle in [home, *namespaces.values()]:
            os.close(handle)
    if options.overflow and not daemon.lost:
        differences.append("nothing was lost: the ring is not too small")
    print(f"seed {seed}: {rounds} rounds, "
          f"{rounds * options.workers * OPERATIONS} operations, {compared} sockets "
          f"compared, {daemon.events} events, {daemon.lost} lost, "
          f"{daemon.kills} daemons killed, "
          f"{len(differences)} differences", flush=True)
    for line in differences[:20]:
        print(line[:600], file=sys.stderr)
    return differences


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, default=24)
    parser.add_argument("--namespaces", type=int, default=3)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    parser.add_argument("--sabotage", type=int, default=0)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--overflow", action="store_true")
    options = parser.parse_args()
    found = False
    for seed in options.seed or [1]:
        with tempfile.TemporaryDirectory() as directory:
            found |= bool(torture(options, seed, directory))
    sys.exit(0 if found == bool(options.sabotage) else 1)


if __name__ == "__main__":
    main()
