# expect: passed
# problem: rmsnorm
# The library's own.
import torch.nn.functional as F


def custom_kernel(data):
    x, weight, _ = data
    return F.rms_norm(x, (x.shape[-1],), weight, 1e-5)
