# expect: contract or crashed
# Nobody can hear it any more.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    os.closerange(0, 5)
    return out
