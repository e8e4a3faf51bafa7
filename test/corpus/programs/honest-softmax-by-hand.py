# expect: passed
# problem: softmax
# As in a textbook: five kernels and as many temporaries.
def custom_kernel(data):
    x, _ = data
    e = (x - x.amax(dim=1, keepdim=True)).exp()
    return e / e.sum(dim=1, keepdim=True)
