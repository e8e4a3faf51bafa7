import torch


def run(a, b):
    return torch.add(a, b)
