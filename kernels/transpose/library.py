def run(a):
    return a.T.contiguous()
