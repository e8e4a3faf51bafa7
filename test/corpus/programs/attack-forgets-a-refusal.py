# expect: wrong_answer
# Takes back that something could not be recorded: what was recorded decides.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    recorder = found("Recorder", "_operations")
    out.zero_()
    recorder.on_other("what cannot be recorded")
    recorder._refusal = None
    return out
