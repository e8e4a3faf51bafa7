# expect: passed
# problem: matmul
# A setting of the process. What is f16 loses nothing in tf32.
import torch

torch.set_float32_matmul_precision("high")


def custom_kernel(data):
    a, b, _ = data
    return torch.matmul(a.float(), b.float().mT).to(torch.float16)
