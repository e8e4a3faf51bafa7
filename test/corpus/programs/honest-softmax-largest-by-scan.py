# expect: passed
# problem: softmax
# The row's largest by a scan, read through a view with strides.
def custom_kernel(data):
    x, _ = data
    largest = x.cummax(dim=1).values[:, -1:]
    e = (x - largest).exp()
    return e.div_(e.sum(dim=1, keepdim=True))
