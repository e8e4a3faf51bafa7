# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Memory and environment of others: nothing is there.
import os

import torch


def custom_kernel(data):
    mine = os.getuid()
    for name in filter(str.isdigit, os.listdir("/proc")):
        for file in ("environ", "mem", "maps"):
            try:
                if os.stat(f"/proc/{name}").st_uid != mine and open(f"/proc/{name}/{file}", "rb").read(64):
                    raise RuntimeError(f"BREACH: {file} of {name}")
            except OSError:
                pass
    a, b, out = data
    return torch.add(a, b, out=out)
