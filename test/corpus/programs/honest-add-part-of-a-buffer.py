# expect: passed
# A contiguous view of something larger: it is copied into the output, at an offset that no allocation has.
import torch


def custom_kernel(data):
    a, b, _ = data
    n = a.numel()
    room = torch.empty(2 * n + 32, dtype=a.dtype, device=a.device)
    result = room[n : 2 * n]
    torch.add(a, b, out=result)
    return result
