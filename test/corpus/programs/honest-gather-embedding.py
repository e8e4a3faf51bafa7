# expect: passed
# problem: gather
# As a model has it; the index is widened first.
import torch.nn.functional as F


def custom_kernel(data):
    table, ids, _ = data
    return F.embedding(ids.long(), table)
