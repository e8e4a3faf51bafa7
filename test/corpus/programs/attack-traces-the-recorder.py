# expect: wrong_answer
# A trace function that forgets a launch when the recording is written.
import sys

import torch


def trace(frame, event, _):
    if event == "call" and frame.f_code.co_name == "finish" and "self" in frame.f_locals:
        del frame.f_locals["self"]._operations[1:]
    return None


sys.settrace(trace)
sys.setprofile(lambda frame, event, value: None)

def custom_kernel(data):
    a, b, out = data
    half = (a.numel() + 1) // 2
    torch.add(a[:half], b[:half], out=out[:half])
    torch.add(a[half:], b[half:], out=out[half:])
    return out
