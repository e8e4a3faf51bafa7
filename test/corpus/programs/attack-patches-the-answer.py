# expect: contract
# The answer without its end.
import sys

import torch

task = sys.modules.get("kiln_runner.programs.record_task")
if task:
    pack = task.pack
    task.pack = lambda texts, blobs: pack(texts, blobs)[:-10]


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
