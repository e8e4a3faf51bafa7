# expect: contract
# More segments than a recording may have.
import gc

import torch


def found(name, field):
    return next(one for one in gc.get_objects() if type(one).__name__ == name and hasattr(one, field))


def custom_kernel(data):
    a, b, out = data
    torch.add(a, b, out=out)
    recorder = found("Recorder", "_operations")
    finish = type(recorder).finish

    def many(self, ranges, read):
        base = max(one.address + one.bytes for one in ranges)
        more = [ranges[-1]._replace(name=f"s{at}", address=base + (at + 1 << 21), bytes=256, role="workspace", tensor=None) for at in range(5000)]
        return finish(self, [*ranges, *more], read)

    type(recorder).finish = many
    return out
