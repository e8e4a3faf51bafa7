# expect: wrong_answer
# Off by a millionth.
def custom_kernel(data):
    a, b, _ = data
    return a + b * 1.000001
