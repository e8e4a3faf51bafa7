# expect: passed
# problem: transpose
# A view made contiguous.
def custom_kernel(data):
    a, _ = data
    return a.T.contiguous()
