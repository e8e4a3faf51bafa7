# expect: passed
# problem: gather
# By an index of 32 bits.
def custom_kernel(data):
    table, ids, _ = data
    return table[ids]
