# expect: passed or contract or crashed
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# PyTorch refuses another allocator once one is in use.
import torch



def custom_kernel(data):
    a, b, out = data
    torch._C._cuda_changeCurrentAllocator(torch._C._cuda_customAllocator(0, 0))
    torch.add(a, b, out=out)
    return out
