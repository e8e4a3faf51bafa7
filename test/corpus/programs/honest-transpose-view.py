# expect: passed
# problem: transpose
# A view of the input with other strides: the judge lays it out in rows within the call, and times that.
def custom_kernel(data):
    a, _ = data
    return a.T
