# expect: passed
# Waits on the host, as careful people do.
import torch


def custom_kernel(data):
    a, b, out = data
    torch.cuda.synchronize()
    torch.add(a, b, out=out)
    torch.cuda.current_stream().synchronize()
    torch.cuda.synchronize()
    return out
