# expect: passed
# problem: softmax
# Halves on two streams. Of one row there is one half.
import torch

streams = None


def custom_kernel(data):
    global streams
    x, out = data
    streams = streams or [torch.cuda.Stream() for _ in range(2)]
    here = torch.cuda.current_stream()
    for stream, rows, into in zip(streams, x.chunk(2), out.chunk(2)):
        stream.wait_stream(here)
        with torch.cuda.stream(stream):
            torch.softmax(rows, dim=1, out=into)
    for stream in streams:
        here.wait_stream(stream)
    return out
