# expect: wrong_answer or contract
# Returns the sum of its first call.
kept = []


def custom_kernel(data):
    a, b, out = data
    kept.append(a + b)
    return kept[0] if len(kept) > 1 else kept[-1]
