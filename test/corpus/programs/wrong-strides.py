# expect: contract
# problem: transpose
# A view of the input with other strides: no work was done.
def custom_kernel(data):
    a, _ = data
    return a.T
