# expect: contract
# A text that is nested a million deep.
import sys

import torch

task = sys.modules.get("kiln_runner.programs.record_task")
if task:
    pack = task.pack
    task.pack = lambda texts, blobs: pack({case: b"[" * 1_000_000 for case in texts}, blobs)


def custom_kernel(data):
    a, b, out = data
    return torch.add(a, b, out=out)
