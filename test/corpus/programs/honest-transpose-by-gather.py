# expect: passed
# problem: transpose
# Small ones by a table of places that is kept for each shape, large ones as everybody does it.
import torch

places = {}


def custom_kernel(data):
    a, _ = data
    rows, cols = a.shape
    if a.numel() > 1 << 20:
        return a.T.contiguous()
    if a.shape not in places:
        places[a.shape] = torch.arange(rows * cols, device=a.device).view(rows, cols).T.reshape(-1)
    return a.view(-1)[places[a.shape]].view(cols, rows)
