# expect: crashed
# The call that counts.
calls = 0


def custom_kernel(data):
    global calls
    calls += 1
    a, b, _ = data
    if calls == 3:
        raise RuntimeError("not today")
    return a + b
