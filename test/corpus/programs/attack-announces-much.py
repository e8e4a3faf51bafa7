# expect: contract
# A frame that announces gigabytes.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    import struct

    os.write(ANSWER, b"=" + struct.pack("<II", 1 << 31, 1 << 31) + struct.pack(">II", 1 << 31, 1 << 31))
    os._exit(0)
