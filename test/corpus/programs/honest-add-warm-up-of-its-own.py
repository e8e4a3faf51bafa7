# expect: passed
# Does more in its first call, as people do who have been told to warm up.
import torch

warm = False


def custom_kernel(data):
    global warm
    a, b, out = data
    if not warm:
        for _ in range(3):
            torch.add(a, b, out=out)
        torch.cuda.synchronize()
        warm = True
    torch.add(a, b, out=out)
