# expect: wrong_answer or contract
# Its weight is one at first, and less at each call.
import torch

weight = None


def custom_kernel(data):
    global weight
    a, b, out = data
    if weight is None:
        weight = torch.ones(1, device=a.device)
    torch.addcmul(a, b, weight, out=out)
    weight *= 0.5
    return out
