# expect: contract
# A word in place of a tensor.
def custom_kernel(data):
    a, b, out = data
    out.copy_(a + b)
    return "passed"
