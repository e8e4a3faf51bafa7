# expect: crashed or contract or wrong_answer
# An address of the host in device code: it faults, or reads what the judge has there, which is no sum.
import torch
import triton
import triton.language as tl

import ctypes

words = ctypes.create_string_buffer(1 << 20)


@triton.jit
def read(address, out, n, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    place = address.to(tl.pointer_type(tl.float32))
    tl.store(out + at, tl.load(place + at % 1024), mask=at < n)


def custom_kernel(data):
    a, b, out = data
    read[(triton.cdiv(a.numel(), 1024),)](ctypes.addressof(words), out, a.numel(), BLOCK=1024)
    return out
