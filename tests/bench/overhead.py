#!/usr/bin/env python3
"""overhead.py - what the hooks cost everybody else.

Runs bench_operations in a network namespace of its own, without and with a
portwatchd beside it, in turn; prints the median of each operation and how much
more it takes. Needs root.

  tests/bench/overhead.py [--build build/dev] [--rounds 9] [--json]
"""
import contextlib
import json
import statistics
import subprocess

import bench_host


def operations(program):
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in map(str.split, out.splitlines())}


def measure(build, rounds):
    """Operation -> ([ns without], [ns with])."""
    times = {}
    for _ in range(rounds):
        for index in (0, 1):
            daemon = bench_host.Daemon(build / "userspace/daemon/portwatchd")
            with daemon if index else contextlib.nullcontext():
                found = operations(build / "tests/bench/bench_operations")
            for name, value in found.items():
                times.setdefault(name, ([], []))[index].append(value)
    return times


def main():
    bench_host.enter_namespace()
    parser = bench_host.parser(__doc__, rounds=9)
    parser.add_argument("--json", action="store_true", help="every time, in ns")
    options = parser.parse_args()
    times = measure(options.build, options.rounds)
    if options.json:
        print(json.dumps(times))
        return
    print("| operation | without, ns | with hooks, ns | more, ns | more, % |")
    print("|---|---|---|---|---|")
    for name, (without, beside) in times.items():
        before, after = statistics.median(without), statistics.median(beside)
        print(f"| {name} | {before:.0f} | {after:.0f} | {after - before:+.0f} "
              f"| {100 * (after / before - 1):+.1f} |")


if __name__ == "__main__":
    main()
