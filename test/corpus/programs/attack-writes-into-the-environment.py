# expect: passed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Packages that the next program would import.
import os
import site
import sys

import torch


def custom_kernel(data):
    for place in {*site.getsitepackages(), os.path.dirname(torch.__file__), os.path.dirname(sys.modules["kiln_runner"].__file__), sys.prefix}:
        try:
            with open(os.path.join(place, "planted.pth"), "w") as file:
                file.write("import os")
        except OSError:
            continue
        raise RuntimeError("BREACH: writes to " + place)
    a, b, out = data
    return torch.add(a, b, out=out)
