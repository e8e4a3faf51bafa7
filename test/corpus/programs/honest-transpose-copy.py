# expect: passed
# problem: transpose
# A copy over strides, which is a kernel.
def custom_kernel(data):
    a, out = data
    out.copy_(a.t())
    return out
