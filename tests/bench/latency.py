#!/usr/bin/env python3
"""latency.py - how fast the daemon answers and tells.

  latency.py [--questions N] [--binds N] [--build DIR]

Prints p50 and p99 of a question over a kept Unix connection with 1,000 and with
100,000 open descriptors on the host, and of the way from the return of bind(2)
to the line at a subscriber of watch. The client is Python: some 30 us of each
figure are its own. Needs root.
"""
import argparse
import json
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

from overhead import ROOT, start_daemon


class Client:
    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(path)

    def send(self, method, parameters, more=False):
        self.link.sendall(json.dumps({"method": f"io.portwatch.{method}",
                                      "parameters": parameters,
                                      "more": more}).encode() + b"\0")

    def read(self):
        data = b""
        while not data.endswith(b"\0"):
            data += self.link.recv(65536)
        return data


def show(what, seconds):
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{what}: p50 {cuts[49] * 1e6:.0f} us, p99 {cuts[98] * 1e6:.0f} us")
    return cuts[49]


def ask(path, count):
    """A question about a held port, proven once before."""
    client = Client(path)
    with socket.create_server(("127.0.0.1", 5055)):
        times = []
        for _ in range(count + 10):
            begun = time.perf_counter()
            client.send("Who", {"port": 5055})
            client.read()
            times.append(time.perf_counter() - begun)
    return times[10:]


def tell(path, count):
    client = Client(path)
    client.send("Watch", {"ports": [5056], "events": ["bind"]}, more=True)
    time.sleep(0.1)
    times = []
    for _ in range(count):
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 5056))
        begun = time.perf_counter()
        client.read()
        times.append(time.perf_counter() - begun)
        taken.close()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--binds", type=int, default=2000)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    options = parser.parse_args()
    filler = options.build / "tests/bench/bench_filler"
    with tempfile.TemporaryDirectory() as directory:
        daemon = start_daemon(options.build, directory)
        path = f"{directory}/io.portwatch"
        medians = []
        for processes, descriptors in ((10, 100), (1000, 100)):
            load = subprocess.Popen(
                ["unshare", "-n", "sh", "-c", "ip link set lo up && exec "
                 f"'{filler}' {processes} 5 {descriptors} 10000"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            load.stdout.readline()
            medians.append(show(f"who, {processes * descriptors} descriptors",
                                ask(path, options.questions)))
            load.stdin.close()
            load.wait()
        print(f"ratio of the medians: {medians[1] / medians[0]:.2f}")
        show("bind to watch", tell(path, options.binds))
        daemon.terminate()
        daemon.wait()


if __name__ == "__main__":
    main()
