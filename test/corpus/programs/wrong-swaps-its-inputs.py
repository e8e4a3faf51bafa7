# expect: modified_input or wrong_answer or contract
# Right, but for what it does to an input afterwards.
def custom_kernel(data):
    a, b, out = data
    out.copy_(a + b)
    a.copy_(b)
    return out
