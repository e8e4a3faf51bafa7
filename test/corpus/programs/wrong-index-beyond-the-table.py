# expect: crashed or contract
# problem: gather
# PyTorch's kernels assert that an index is within: the context is lost with it.
def custom_kernel(data):
    table, ids, _ = data
    return table[ids.long() + table.shape[0]]
