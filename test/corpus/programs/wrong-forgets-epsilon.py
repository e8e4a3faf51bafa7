# expect: wrong_answer
# problem: rmsnorm
# Nothing is added under the root: rows of small numbers show it.
def custom_kernel(data):
    x, weight, _ = data
    wide = x.float()
    return (wide * wide.square().mean(1, keepdim=True).rsqrt() * weight.float()).bfloat16()
