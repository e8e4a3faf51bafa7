# expect: contract
# Named as nobody calls it.
def custom_kernel(data):
    a, b, _ = data
    return {"c": a + b}
