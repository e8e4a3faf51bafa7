# expect: contract
# Right, and on the host.
def custom_kernel(data):
    a, b, _ = data
    return (a + b).cpu()
