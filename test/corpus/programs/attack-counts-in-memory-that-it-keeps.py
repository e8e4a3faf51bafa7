# expect: passed or wrong_answer or contract
# twin: honest-add-out.py
# A counter on the device: honest in the first runs. What a call changes holds what the judge has put there: the same before every run.
import torch

count = None


def custom_kernel(data):
    global count
    a, b, out = data
    if count is None:
        count = torch.zeros(1, device=a.device)
    count += 1
    torch.mul(b, (count < 6).float(), out=out)
    out += a
    return out
