#!/usr/bin/env python3
"""latency.py - how fast the daemon answers and tells.

Prints p50 and p99 of
- an exchange of two processes that do nothing else, and of one that answers after a
  time without system calls (the floor of this machine at this hour: a CPU that waits
  that long goes to sleep, and waking a virtual one takes tens of us);
- a question over a kept Unix connection with 1,000 and with 100,000 open descriptors
  on the host, and one about a process that has 10,000 itself; each wherever the
  scheduler puts the two, and with both on one CPU, where none has to wake up;
- the way from the return of bind(2) to the line at a subscriber of watch: of binds
  by themselves, of binds that follow each other at once, and of binds that are
  refused.
Needs root.

  tests/bench/latency.py [--build build/dev] [--rounds 2000]
"""
import os
import socket
import subprocess

import bench_host


def run(program, what, *arguments):
    """Prints a line, returns the median."""
    out = subprocess.run([program, *map(str, arguments)], check=True,
                         capture_output=True, text=True).stdout
    median, last = map(float, out.split())
    print(f"{what}: p50 {median:.0f} us, p99 {last:.0f} us")
    return median


def who(program, daemon, what, port, rounds):
    """Prints two lines; returns the median of the first."""
    median = run(program, f"who, {what}", "who", daemon.socket, port, rounds)
    cpus = os.sched_getaffinity(0)
    try:
        for process in (daemon.process.pid, 0):
            os.sched_setaffinity(process, {min(cpus)})
        run(program, f"who, {what}, both on one CPU", "who", daemon.socket, port,
            rounds)
    finally:
        for process in (daemon.process.pid, 0):
            os.sched_setaffinity(process, cpus)
    return median


def main():
    bench_host.enter_namespace()
    options = bench_host.parser(__doc__, rounds=2000).parse_args()
    program = options.build / "tests/bench/bench_latency"
    with bench_host.Daemon(options.build / "userspace/daemon/portwatchd") as daemon:
        medians = []
        for processes in (10, 1000):
            with bench_host.Filler(options.build / "tests/bench/bench_filler",
                                   (processes, 5, 100)), \
                    socket.create_server(("127.0.0.1", 5055)):
                for think in (0, 100):
                    run(program, f"echo that thinks for {think} us, beside that",
                        "echo", options.rounds, think)
                medians.append(who(program, daemon, f"{processes * 100} descriptors",
                                   5055, options.rounds))
        print(f"ratio of the medians: {medians[1] / medians[0]:.2f}")
        with bench_host.Filler(options.build / "tests/bench/bench_filler",
                               (1, 1, 10000)):
            who(program, daemon, "one holder of 10000 descriptors",
                bench_host.FIRST_PORT, options.rounds)
        for mode, port in (("watch", 5056), ("refused", 5057)):
            for what, pause in (("by itself", 2000), ("one after the other", 0)):
                run(program, f"bind ({mode}) {what} to its line", mode,
                    daemon.socket, port, options.rounds, pause)


if __name__ == "__main__":
    main()
