# expect: wrong_answer
# problem: softmax
# Half the memory, and not the digits that were asked for.
import torch


def custom_kernel(data):
    x, _ = data
    return torch.softmax(x.half(), dim=1).float()
