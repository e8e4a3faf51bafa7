# expect: passed
# problem: softmax
# In doubles, as one who fears for digits would.
def custom_kernel(data):
    x, _ = data
    return x.double().softmax(dim=1).float()
