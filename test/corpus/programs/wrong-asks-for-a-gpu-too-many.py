# expect: crashed
# A device that it does not have.
import torch


def custom_kernel(data):
    a, b, _ = data
    return (a.to("cuda:1") + b.to("cuda:1")).to(a.device)
