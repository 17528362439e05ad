"""Listens on 127.0.0.1:PORT, tells systemd that it does, and stays."""
import os
import signal
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
signal.pause()
