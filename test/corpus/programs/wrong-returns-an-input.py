# expect: wrong_answer
# An input, while the sum is thrown away.
def custom_kernel(data):
    a, b, _ = data
    b + a
    return a
