# expect: contract or crashed or timed_out
# Memory of the host without an end: it is over a bound of its own, and no other process is hurt.
def custom_kernel(data):
    held = []
    while True:
        held.append(b"x" * (1 << 30))
