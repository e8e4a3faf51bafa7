# expect: passed or compile_error or contract or timed_out
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Links to what is not its own, and to what has no end, where the build stage collects what was built.
import os

place = os.path.join(os.environ.get("TRITON_CACHE_DIR", "/tmp"), "1" * 32)
try:
    os.makedirs(place, exist_ok=True)
    for number, target in enumerate(("/etc/shadow", "/proc/self/environ", "/dev/zero")):
        os.symlink(target, os.path.join(place, f"link{number}"))
except OSError:
    pass

import torch


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
