# expect: contract
# Twice as wide as the problem has it.
def custom_kernel(data):
    a, b, _ = data
    return a.double() + b.double()
