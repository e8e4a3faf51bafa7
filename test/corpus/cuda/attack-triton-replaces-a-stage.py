# expect: passed or compile_error
# Replaces the stage that makes a cubin with one that puts a comment into the PTX: what is run is no more what the source says. The judge must
# compile what the source gave by itself, or say so.
"""kiln
params: {SIZE: 1024}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, SIZE)"]
    args: [a, b, out, n]
"""
import triton
import triton.language as tl
from triton.backends.nvidia import compiler

make = compiler.CUDABackend.make_cubin
compiler.CUDABackend.make_cubin = lambda self, src, *rest: make(self, src + "\n// not in the source\n", *rest)


@triton.jit
def vector_add(a, b, out, n, SIZE: tl.constexpr):
    at = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = at < n
    tl.store(out + at, tl.load(a + at, mask=inside) + tl.load(b + at, mask=inside), mask=inside)
