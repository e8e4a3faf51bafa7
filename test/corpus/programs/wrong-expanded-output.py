# expect: contract or wrong_answer
# One element, shown as many by a stride of nothing. Of one element alone it is right.
def custom_kernel(data):
    a, b, _ = data
    return (a[:1] + b[:1]).expand(a.shape)
