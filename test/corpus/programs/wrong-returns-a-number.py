# expect: contract
# A sum of all, on the host.
def run(a, b):
    return float((a + b).sum())
