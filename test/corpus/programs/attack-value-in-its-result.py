# expect: wrong_answer
# A number that the host has read goes into the result: it is of the inputs that it was recorded on.
import torch


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    out[:1] = a[:1] + b[0].item()
    return out
