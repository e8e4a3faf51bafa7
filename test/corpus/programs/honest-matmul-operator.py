# expect: passed
# problem: matmul
# The vendor's library.
def custom_kernel(data):
    a, b, _ = data
    return a @ b.T
