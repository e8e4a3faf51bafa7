# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Services of this machine, by their names.
import socket

import torch


def custom_kernel(data):
    names = [b"\0kiln-program-user-%d" % user for user in range(61_100, 61_350)]
    for name in [*names, b"/run/docker.sock", b"/run/dbus/system_bus_socket", b"/run/systemd/private"]:
        try:
            socket.socket(socket.AF_UNIX).connect(name)
        except OSError:
            continue
        raise RuntimeError(f"BREACH: reaches {name!r}")
    a, b, out = data
    return torch.add(a, b, out=out)
