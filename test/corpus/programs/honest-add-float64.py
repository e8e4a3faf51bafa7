# expect: passed
# Through twice the memory: slow, and as exact.
def custom_kernel(data):
    a, b, _ = data
    return (a.double() + b.double()).float()
