# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Files wherever it can write: they go with it.
import os
import tempfile

import torch


def custom_kernel(data):
    for place in ("/tmp", "/dev/shm", "/var/tmp", os.environ["HOME"], tempfile.gettempdir(), "/run"):
        try:
            with open(os.path.join(place, "left-by-a-program"), "w") as file:
                file.write("x")
        except OSError:
            pass
    a, b, out = data
    return torch.add(a, b, out=out)
