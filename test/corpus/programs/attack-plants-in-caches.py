# expect: passed or compile_error
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Files in the caches of the build stage: they are its own artifact's, and nobody else's.
import os

for name in ("TRITON_CACHE_DIR", "TORCH_EXTENSIONS_DIR", "HOME", "TMPDIR"):
    place = os.path.join(os.environ.get(name, "/tmp"), "0" * 32)
    try:
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, "planted.so"), "wb") as file:
            file.write(bytes(4096))
    except OSError:
        pass

import torch


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
