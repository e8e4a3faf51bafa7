# expect: passed or compile_error
# Looks for files of the host and of other candidates while it is imported, and would tell by an error: nothing may be there to be read.
"""kiln
params: {SIZE: 1024}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, SIZE)"]
    args: [a, b, out, n]
"""
import os

import triton
import triton.language as tl

for name in ("/root", "/var/lib/kiln", "/home"):
    if os.path.isdir(name) and os.access(name, os.R_OK) and os.listdir(name):
        raise RuntimeError("a directory of the host can be read: " + name)


@triton.jit
def vector_add(a, b, out, n, SIZE: tl.constexpr):
    at = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = at < n
    tl.store(out + at, tl.load(a + at, mask=inside) + tl.load(b + at, mask=inside), mask=inside)
