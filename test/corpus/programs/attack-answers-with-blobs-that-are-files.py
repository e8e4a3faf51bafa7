# expect: contract
# Names that lead elsewhere, where hashes are expected.
import os

import torch

from kiln_runner.frames import encode

ANSWER = 3


def answer(header, payload=b""):
    os.write(ANSWER, b"=" + encode(header, payload))
    os._exit(0)


def custom_kernel(data):
    names = ["/".join([".."] * 3) + "/etc/planted", "/etc/passwd", "recordings.json", "meta.json"]
    answer({"type": "recorded", "cases": [["one", 2]], "blobs": [[name, 1] for name in names]}, b"{}" + b"x" * len(names))
