# expect: timed_out
# On the host.
def custom_kernel(data):
    while True:
        pass
