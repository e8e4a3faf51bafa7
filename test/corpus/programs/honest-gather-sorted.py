# expect: passed
# problem: gather
# Rows in the order of the table, put back to where they belong: a sort in several kernels.
import torch


def custom_kernel(data):
    table, ids, out = data
    ordered, places = ids.sort()
    out.index_copy_(0, places, table.index_select(0, ordered))
    return out
