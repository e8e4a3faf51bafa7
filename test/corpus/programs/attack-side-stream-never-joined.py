# expect: passed or wrong_answer
# twin: honest-add-out.py
# cheat: its outputs are right, and what it does beside must gain nothing.
# Nobody waits for the other stream: what is launched there is recorded in order, and timed.
import torch

stream = None


def custom_kernel(data):
    global stream
    a, b, out = data
    stream = stream or torch.cuda.Stream()
    with torch.cuda.stream(stream):
        torch.add(a, b, out=out)
    return out
