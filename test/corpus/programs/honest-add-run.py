# expect: passed
# A function that is called by name.
def run(a, b):
    return a + b
