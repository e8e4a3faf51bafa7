# expect: crashed
# Without an end.
def custom_kernel(data):
    return custom_kernel(data)
