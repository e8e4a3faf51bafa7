# expect: wrong_answer
# Right for the shapes that problem.yaml names and no other: a hidden case of a drawn shape must tell.
import torch

LISTED = (1, 1003, 4096, 4099, 40009, 1000003, 4194304, 16777216, 67108864)


def custom_kernel(data):
    a, b, out = data
    if a.numel() in LISTED:
        torch.add(a, b, out=out)
    else:
        out.copy_(a)
    return out
