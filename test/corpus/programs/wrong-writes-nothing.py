# expect: contract
# It launches nothing.
def custom_kernel(data):
    return None
