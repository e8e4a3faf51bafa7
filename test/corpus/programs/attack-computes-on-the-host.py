# expect: wrong_answer or contract
# Downloads, adds and uploads: what was uploaded is of other inputs.
def custom_kernel(data):
    a, b, out = data
    out.copy_(a.cpu() + b.cpu())
    return out
