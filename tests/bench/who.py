#!/usr/bin/env python3
"""who.py - what `portwatch who PORT` costs beside ss, lsof and fuser.

Fills a network namespace of its own with processes x listeners x descriptors,
starts a private daemon, and measures whole processes: posix_spawn to wait4, as
a shell would see them. All commands take turns in every round, so that a busy
moment hurts them alike. Needs root, a build, and the packages lsof, psmisc.

  tests/bench/who.py [--build build/dev] [--rounds 21] [--json] [PxLxF...]
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import bench_host
from bench_host import FIRST_PORT, Daemon, Filler

SIZES = ["10x1x10", "100x5x100", "1000x5x100"]


def parse_size(text):
    try:
        processes, listeners, descriptors = map(int, text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no size; PROCESSESxLISTENERSxDESCRIPTORS, as 100x5x100")
    return processes, listeners, descriptors


def run_once(command, devnull):
    """(milliseconds, exit code) of one whole process."""
    actions = [(os.POSIX_SPAWN_DUP2, devnull, fd) for fd in (0, 1, 2)]
    begun = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, _ = os.wait4(pid, 0)
    ended = time.perf_counter_ns()
    return (ended - begun) / 1e6, os.waitstatus_to_exitcode(status)


def measure(commands, rounds):
    """Milliseconds of each command, sorted. A command that fails ends the bench:
    the time of a wrong answer says nothing."""
    times = {name: [] for name in commands}
    devnull = os.open(os.devnull, os.O_RDWR)
    for turn in range(rounds + 1):
        for name, command in commands.items():
            elapsed, code = run_once(command, devnull)
            if code != 0:
                sys.exit(f"who.py: '{' '.join(command)}' ended with {code}")
            if turn > 0:  # the first round warms caches up
                times[name].append(elapsed)
    os.close(devnull)
    return {name: sorted(round(ms, 3) for ms in values) for name, values in times.items()}


def commands_for(port, build, socket):
    portwatch = str(build / "cli/portwatch")
    return {
        "true": ["/bin/true"],
        "portwatch": [portwatch, "who", "--socket", socket, str(port)],
        "portwatch --no-daemon": [portwatch, "who", "--no-daemon", str(port)],
        "ss -p": ["/usr/bin/ss", "-Hltnp", f"sport = :{port}"],
        "lsof": ["/usr/bin/lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN"],
        "fuser": ["/usr/bin/fuser", "-n", "tcp", str(port)],
    }


def bench(size, build, rounds):
    processes, listeners, _ = size
    port = FIRST_PORT + processes * listeners // 2
    with Filler(str(build / "tests/bench/bench_filler"), size):
        with Daemon(str(build / "userspace/daemon/portwatchd")) as daemon:
            return measure(commands_for(port, build, daemon.socket), rounds)


def medians(times):
    return {name: statistics.median(values) for name, values in times.items()}


def print_table(results):
    columns = [f"{size}, ms (x true)" for size in results]
    print("| median of whole processes | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    rows = [medians(times) for times in results.values()]
    for name in rows[0]:
        cells = [f"{row[name]:.2f} ({row[name] / row['true']:.1f})" for row in rows]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    bench_host.enter_namespace()
    parser = bench_host.parser(__doc__, rounds=21)
    parser.add_argument("--json", action="store_true", help="every time, in ms, sorted")
    parser.add_argument("sizes", nargs="*", type=parse_size,
                        default=[parse_size(size) for size in SIZES])
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    results = {"x".join(map(str, size)):
               bench(size, arguments.build.resolve(), arguments.rounds)
               for size in arguments.sizes}
    if arguments.json:
        print(json.dumps({"rounds": arguments.rounds, "cpus": os.cpu_count(),
                          "kernel": os.uname().release, "nofile": [soft, hard],
                          "ms": results}))
    else:
        print_table(results)


if __name__ == "__main__":
    main()
