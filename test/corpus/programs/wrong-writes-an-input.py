# expect: modified_input or wrong_answer or contract
# The sum is right and stands where an input was.
def custom_kernel(data):
    a, b, _ = data
    a += b
    return a
