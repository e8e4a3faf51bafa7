# expect: passed
# problem: softmax
# All but the first step in the output.
import torch


def custom_kernel(data):
    x, out = data
    torch.sub(x, x.max(dim=1, keepdim=True).values, out=out)
    out.exp_()
    out.div_(out.sum(dim=1, keepdim=True))
