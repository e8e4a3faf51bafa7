# expect: wrong_answer or contract or passed
# twin: honest-add-out.py
# Compares with what it kept, and computes where that differs: which is always.
import torch

kept = {}


def custom_kernel(data):
    a, b, out = data
    if a.shape not in kept:
        kept[a.shape] = (a.clone(), b.clone(), a + b)
    x, y, total = kept[a.shape]
    if torch.equal(a[:1], x[:1]):
        return out.copy_(total)
    torch.add(a, b, out=out)
    x.copy_(a)
    y.copy_(b)
    total.copy_(out)
    return out
