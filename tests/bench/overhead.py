#!/usr/bin/env python3
"""overhead.py - what the hooks cost everybody else.

  overhead.py [--rounds N] [--build DIR] [--json]

Runs bench_operations in a network namespace of its own, without and with a
portwatchd beside it, in turn; prints the median of each operation and how much
more it takes. Needs root.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def start_daemon(build, directory):
    ready, told = os.pipe()
    daemon = subprocess.Popen(
        [build / "userspace/daemon/portwatchd", "--private", directory, "--backend",
         "ebpf", "--ready-fd", str(told)], pass_fds=[told],
        stderr=subprocess.DEVNULL)
    os.close(told)
    if os.read(ready, 1) != b"\n":
        raise SystemExit("portwatchd --backend ebpf does not start here")
    os.close(ready)
    return daemon


def operations(build):
    out = subprocess.run(
        ["unshare", "-n", "sh", "-c",
         f"ip link set lo up && exec '{build}/tests/bench/bench_operations'"],
        check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in map(str.split, out.splitlines())}


def measure(build, rounds):
    """Operation -> ([ns without], [ns with])."""
    times = {}
    for _ in range(rounds):
        for index in (0, 1):
            with tempfile.TemporaryDirectory() as directory:
                daemon = start_daemon(build, directory) if index else None
                for name, value in operations(build).items():
                    times.setdefault(name, ([], []))[index].append(value)
                if daemon:
                    daemon.send_signal(signal.SIGTERM)
                    daemon.wait()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
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
