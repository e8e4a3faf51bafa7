# expect: passed
# A view of a whole allocation.
def custom_kernel(data):
    a, b, _ = data
    return (a.view(-1, 1) + b.view(-1, 1)).view(a.shape)
