# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Devices beside the one that it is given.
import glob

import torch


def custom_kernel(data):
    opened = []
    for path in glob.glob("/dev/nvidia[0-9]*") + glob.glob("/dev/sd*") + glob.glob("/dev/nvme*") + ["/dev/kmsg", "/dev/mem"]:
        try:
            opened.append(open(path, "rb"))
        except OSError:
            pass
    if len(opened) > 1:
        raise RuntimeError(f"BREACH: opens {[one.name for one in opened]}")
    a, b, out = data
    return torch.add(a, b, out=out)
