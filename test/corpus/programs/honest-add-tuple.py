# expect: passed
# A tuple with the one output.
def custom_kernel(data):
    a, b, _ = data
    return (a + b,)
