# expect: wrong_answer
# Guesses which call counts, and leaves half of it out. Of one element it is right.
import torch

calls = 0


def custom_kernel(data):
    global calls
    calls += 1
    a, b, out = data
    if calls % 3:
        return torch.add(a, b, out=out)
    half = a.numel() // 2
    torch.add(a[half:], b[half:], out=out[half:])
    return out
