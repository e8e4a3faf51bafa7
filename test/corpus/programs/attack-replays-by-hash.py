# expect: wrong_answer or contract or passed
# twin: honest-add-out.py
# The same by a hash that the host computes.
import hashlib

import torch

known = {}


def custom_kernel(data):
    a, b, out = data
    key = hashlib.sha256(a[:4096].cpu().numpy().tobytes()).digest()
    known.setdefault(key, a + b)
    return out.copy_(known[key])
