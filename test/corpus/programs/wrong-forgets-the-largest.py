# expect: wrong_answer
# problem: softmax
# Overflows where the row's largest is not taken away first.
def custom_kernel(data):
    x, _ = data
    e = x.exp()
    return e / e.sum(dim=1, keepdim=True)
