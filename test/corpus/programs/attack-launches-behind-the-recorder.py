# expect: wrong_answer or contract or crashed
# Turns the callbacks off while it does the work.
import ctypes
import sys

import torch

subscribed = getattr(sys.modules.get("kiln_runner.programs.record_task"), "_subscribed", [])


def shown(on):
    for one in subscribed:
        for domain in (1, 3):
            one._cupti.cuptiEnableDomain(ctypes.c_uint(on), one._subscriber, domain)


def custom_kernel(data):
    a, b, out = data
    out.zero_()
    shown(0)
    torch.add(a, b, out=out)
    torch.cuda.synchronize()
    shown(1)
    return out
