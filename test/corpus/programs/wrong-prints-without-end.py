# expect: contract
# A log without an end.
def custom_kernel(data):
    while True:
        print("x" * 65536)
