# expect: passed
# Decorated, with a context within; the result is copied within the device.
import torch


@torch.no_grad()
def custom_kernel(data):
    a, b, out = data
    with torch.inference_mode():
        total = a + b
    out.copy_(total)
    return out
