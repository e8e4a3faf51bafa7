from torch.nn import functional


def run(x, weight, eps):
    return functional.rms_norm(x, (x.shape[1],), weight, eps=eps)
