# expect: crashed
# Nobody answers: there is no input.
def custom_kernel(data):
    a, b, out = data
    input("continue? ")
    return a + b
