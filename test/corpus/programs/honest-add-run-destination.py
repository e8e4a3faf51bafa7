# expect: passed
# style: function_dps
# A function that is handed its output too.
import torch


def run(a, b, out):
    torch.add(a, b, out=out)
