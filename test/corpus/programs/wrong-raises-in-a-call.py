# expect: crashed
# Its own words and line are what its author needs.
def custom_kernel(data):
    raise ValueError(f"{len(data)} tensors are too many")
