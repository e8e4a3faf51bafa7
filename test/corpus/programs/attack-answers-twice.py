# expect: contract
# Something before the answer.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    a, b, out = data
    os.write(ANSWER, b"=")
    torch.add(a, b, out=out)
    return out
