#!/usr/bin/env python3
"""latency.py - how fast the daemon answers and tells.

Prints p50 and p99 of a question over a kept Unix connection with 1,000 and with
100,000 open descriptors on the host, and of the way from the return of bind(2)
to the line at a subscriber of watch. The client is Python: some 30 us of each
figure are its own. Needs root.

  tests/bench/latency.py [--build build/dev] [--rounds 2000]
"""
import json
import socket
import statistics
import time

import bench_host


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
    other = Client(path)
    other.send("Status", {})
    while json.loads(other.read()[:-1])["parameters"]["subscribers"] == 0:
        other.send("Status", {})
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
    bench_host.enter_namespace()
    options = bench_host.parser(__doc__, rounds=2000).parse_args()
    with bench_host.Daemon(options.build / "userspace/daemon/portwatchd") as daemon:
        medians = []
        for processes in (10, 1000):
            with bench_host.Filler(options.build / "tests/bench/bench_filler",
                                   (processes, 5, 100)):
                medians.append(show(f"who, {processes * 100} descriptors",
                                    ask(daemon.socket, options.rounds)))
        print(f"ratio of the medians: {medians[1] / medians[0]:.2f}")
        show("bind to watch", tell(daemon.socket, options.rounds))


if __name__ == "__main__":
    main()
