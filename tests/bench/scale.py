#!/usr/bin/env python3
"""scale.py - what the daemon needs on a large host, and when there is a storm.

100,000 listening sockets in 1,000 processes; 1,000 network namespaces; 50,000
cycles of bind, listen and close a second. Prints a table. Needs root.

  tests/bench/scale.py [--build build/dev] [--rounds SECONDS_OF_STORM]
"""
import contextlib
import json
import pathlib
import socket
import subprocess
import time

import bench_host

STORM_RATE = 50000


def row(what, value):
    print(f"| {what} | {value} |", flush=True)


def resident_mib(daemon):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def ask(daemon, method, parameters):
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(daemon.socket)
        link.sendall(json.dumps({"method": f"io.portwatch.{method}",
                                 "parameters": parameters}).encode() + b"\0")
        data = bytearray()
        while not data.endswith(b"\0"):
            some = link.recv(1 << 20)
            if not some:
                raise SystemExit(f"the daemon hung up after {len(data)} bytes")
            data += some
    return json.loads(data[:-1])["parameters"]


def in_use(program, what, port, method, parameters, least):
    """Starts a daemon beside a full host."""
    begun = time.perf_counter()
    with bench_host.Daemon(program) as daemon:
        row(f"{what}: start to ready", f"{(time.perf_counter() - begun) * 1e3:.0f} ms")
        row(f"{what}: resident after the start", f"{resident_mib(daemon):.1f} MiB")
        begun = time.perf_counter()
        found = len(ask(daemon, method, parameters)["bindings"])
        took = time.perf_counter() - begun
        if found < least:
            raise SystemExit(f"{method} shows {found} bindings, not {least}")
        row(f"{what}: {method} of all {found}", f"{took * 1e3:.0f} ms")
        times = []
        for _ in range(200):
            begun = time.perf_counter()
            ask(daemon, "Who", {"port": port})
            times.append(time.perf_counter() - begun)
        row(f"{what}: who of one port, p50", f"{sorted(times)[100] * 1e6:.0f} us")
        row(f"{what}: resident at the end", f"{resident_mib(daemon):.1f} MiB")


def grown(build, what, size):
    """The host fills while the daemon runs."""
    with bench_host.Daemon(build / "userspace/daemon/portwatchd") as daemon:
        with bench_host.Filler(build / "tests/bench/bench_filler", size):
            ask(daemon, "Who", {"port": bench_host.FIRST_PORT})  # reads the ring first
            bindings = ask(daemon, "Status", {})["bindings"]
            row(f"{what}, seen by events: {bindings} bindings, resident",
                f"{resident_mib(daemon):.1f} MiB")


class NetnsFiller(bench_host.Filler):
    def __init__(self, program, count, port):
        self.command = [program, str(count), str(port)]


def storm(build, seconds):
    with bench_host.Daemon(build / "userspace/daemon/portwatchd") as daemon, \
            contextlib.closing(socket.socket()) as kept:
        out = subprocess.run([build / "tests/bench/bench_storm", str(STORM_RATE),
                              str(seconds), "30000"],
                             check=True, capture_output=True, text=True).stdout
        cycles, rate = map(int, out.split())
        begun = time.perf_counter()
        kept.bind(("127.0.0.1", 30500))
        answer = ask(daemon, "List", {})
        took = time.perf_counter() - begun
        ours = [b for b in answer["bindings"] if 30000 <= b["port"] < 31000]
        status = ask(daemon, "Status", {})
        row(f"storm, {seconds} s: cycles a second", rate)
        row("storm: records", f"{status['events']} ({status['events'] / cycles:.2f} a cycle)")
        row("storm: records lost, resyncs", f"{status['eventsLost']}, {status['resyncs']}")
        row("storm: a true list after its end", f"{took * 1e3:.0f} ms")
        row("storm: sockets that should not be there", len(ours) - 1)
        row("storm: resident", f"{resident_mib(daemon):.1f} MiB")


def main():
    bench_host.enter_namespace()
    options = bench_host.parser(__doc__, rounds=30).parse_args()
    build = options.build
    program = build / "userspace/daemon/portwatchd"
    size = (1000, 100, 0)
    print("| what | figure |\n|---|---|")
    with bench_host.Filler(build / "tests/bench/bench_filler", size):
        in_use(program, "100,000 listeners", 20500, "List", {}, 100000)
    grown(build, "100,000 listeners", size)
    with NetnsFiller(build / "tests/bench/bench_netns_filler", 1000, 8080):
        with socket.create_server(("127.0.0.1", 5055)):
            in_use(program, "1,000 namespaces", 5055, "Who", {"port": 8080}, 1000)
    storm(build, options.rounds)


if __name__ == "__main__":
    main()
