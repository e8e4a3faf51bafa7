# expect: wrong_answer or contract or crashed
# By way of memory of the host that the device can reach.
import torch

rooms = {}


def custom_kernel(data):
    a, b, out = data
    if a.shape not in rooms:
        rooms[a.shape] = torch.empty(a.shape, pin_memory=True)
    room = rooms[a.shape]
    room.copy_(a + b)
    torch.cuda.synchronize()
    out.copy_(room, non_blocking=True)
    return out
