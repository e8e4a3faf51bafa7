# expect: passed
# problem: softmax
# The row's largest by a selection, which takes several kernels.
def custom_kernel(data):
    x, _ = data
    largest = x.topk(1, dim=1).values
    e = (x - largest).exp()
    return e / e.sum(dim=1, keepdim=True)
