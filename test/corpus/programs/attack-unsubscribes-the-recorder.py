# expect: contract or wrong_answer or crashed
# Ends the subscription that shows what is launched: nothing is noted from then on.
import sys

import torch

subscribed = getattr(sys.modules.get("kiln_runner.programs.record_task"), "_subscribed", [])


def custom_kernel(data):
    a, b, out = data
    out.zero_()
    while subscribed:
        subscribed.pop().close()
    torch.add(a, b, out=out)
    return out
