# expect: contract or crashed
# Says what the sandbox itself says before a program runs, so that the host is blamed.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    os.write(ANSWER, b"!no walls could be had on this host")
    os._exit(0)
