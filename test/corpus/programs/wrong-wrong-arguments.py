# expect: crashed
# Names that the problem does not have.
def run(x, y):
    return x + y
