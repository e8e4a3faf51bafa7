# expect: passed
# problem: rmsnorm
# style: function_dps
# By name, into the output, which is of another type than what is computed.
import torch


def run(x, weight, out):
    scale = torch.rsqrt(x.float().square().mean(1, keepdim=True) + 1e-5)
    torch.mul(x.float() * scale, weight.float(), out=out)
