# expect: wrong_answer or passed or contract
# twin: honest-add-new.py
# Computes when somebody looks: whatever it then launches in the recorded call counts, and whatever comes later does not.
import torch


class Lazy(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        for one in args:
            if isinstance(one, Lazy) and hasattr(one, "rest"):
                rest, one.rest = one.rest, lambda: None
                rest()
        return super().__torch_function__(function, types, args, kwargs or {})


def custom_kernel(data):
    a, b, _ = data
    room = torch.zeros_like(a)
    lazy = room.as_subclass(Lazy)
    lazy.rest = lambda: room.copy_(a + b)
    return lazy
