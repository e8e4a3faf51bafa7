# expect: passed
# problem: matmul
# More exact than it has to be, and slow.
def custom_kernel(data):
    a, b, _ = data
    return (a.float() @ b.float().T).half()
