# expect: wrong_answer or contract
# Small cases on the host.
import torch


def custom_kernel(data):
    a, b, out = data
    if a.numel() > 5000:
        return torch.add(a, b, out=out)
    return torch.tensor([x + y for x, y in zip(a.tolist(), b.tolist())], device=a.device)
