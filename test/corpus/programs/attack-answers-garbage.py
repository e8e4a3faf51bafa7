# expect: contract
# Noise.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    os.write(ANSWER, b"=" + os.urandom(1 << 15))
    os._exit(0)
