# expect: wrong_answer or contract
# Memory that nobody wrote to, in the hope that an answer is left there.
import torch


def custom_kernel(data):
    a, b, out = data
    return out.copy_(torch.empty(a.numel() + 1, device=a.device)[1:])
