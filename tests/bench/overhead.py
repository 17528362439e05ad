#!/usr/bin/env python3
"""overhead.py - what the hooks cost everybody else.

Runs bench_operations in a network namespace of its own: without a portwatchd, and
beside one for each way to see the results of binds (ebpf.bind_results). All of them
take turns in every round, each round beginning with another one, and each figure is
compared with the one without a daemon of the same round. Prints the medians, and in
brackets half the width of the 95 % interval of the median: what lies within it
of 0 is noise. Needs root.

  tests/bench/overhead.py [--build build/dev] [--rounds 15] [--only OPERATION]...
"""
import math
import os
import statistics
import subprocess

import bench_host

RESULTS = ("none", "task_work", "tracepoint")


def operations(program, only):
    """Operation -> ns. On one CPU, so that the daemon has the others."""
    cpu = str(max(os.sched_getaffinity(0)))
    out = subprocess.run(["taskset", "-c", cpu, program, *only], check=True,
                         capture_output=True, text=True).stdout
    return {name: float(value) for name, value in map(str.split, out.splitlines())}


def beside(build, results, only):
    if results == "no daemon":
        return operations(build / "tests/bench/bench_operations", only)
    with bench_host.Daemon(build / "userspace/daemon/portwatchd",
                           f'[ebpf]\nbind_results = "{results}"\n'):
        return operations(build / "tests/bench/bench_operations", only)


def measure(build, rounds, only):
    """One dictionary a round: results -> operation -> ns."""
    kinds = ["no daemon", *RESULTS]
    taken = []
    for index in range(rounds):
        turn = index % len(kinds)
        taken.append({results: beside(build, results, only)
                      for results in kinds[turn:] + kinds[:turn]})
    return taken


def median(values):
    """The median and half the width of its 95 % interval (by order statistics)."""
    ordered = sorted(values)
    low = int((len(ordered) - 1.96 * math.sqrt(len(ordered))) / 2)
    low = max(low, 0)
    return statistics.median(ordered), (ordered[-1 - low] - ordered[low]) / 2


def row(operation, taken):
    base = statistics.median(each["no daemon"][operation] for each in taken)
    cells = [operation, f"{base:.0f}"]
    for results in RESULTS:
        more, noise = median([each[results][operation] - each["no daemon"][operation]
                              for each in taken])
        cells.append(f"{more:+.0f} (+-{noise:.0f}) {100 * more / base:+.1f} %")
    return "| " + " | ".join(cells) + " |"


def main():
    bench_host.enter_namespace()
    parser = bench_host.parser(__doc__, rounds=15)
    parser.add_argument("--only", action="append", default=[], metavar="OPERATION")
    options = parser.parse_args()
    taken = measure(options.build, options.rounds, options.only)
    print("| operation | without, ns | " +
          " | ".join(f"{results}, ns more" for results in RESULTS) + " |")
    print("|---" * (2 + len(RESULTS)) + "|")
    for operation in taken[0]["no daemon"]:
        print(row(operation, taken))


if __name__ == "__main__":
    main()
