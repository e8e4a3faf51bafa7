# expect: wrong_answer or contract
# Overwrites the sum with one that it has kept.
import torch

answers = []


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    answers.append(out.clone())
    out.copy_(answers[-2] if len(answers) > 1 and answers[-2].shape == out.shape else answers[-1])
    return out
