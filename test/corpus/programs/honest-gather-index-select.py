# expect: passed
# problem: gather
# Into the output that was given.
import torch


def custom_kernel(data):
    table, ids, out = data
    torch.index_select(table, 0, ids, out=out)
