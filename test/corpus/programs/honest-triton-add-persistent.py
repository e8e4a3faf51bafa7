# expect: passed
# As many programs as fill the device, each with a loop.
import torch
import triton
import triton.language as tl


@triton.jit
def add(a, b, out, n, BLOCK: tl.constexpr, STEPS: tl.constexpr):
    first = tl.program_id(0).to(tl.int64)
    stride = tl.num_programs(0)
    for tile in range(first, tl.cdiv(n, BLOCK), stride):
        at = tile * BLOCK + tl.arange(0, BLOCK)
        mask = at < n
        tl.store(out + at, tl.load(a + at, mask=mask) + tl.load(b + at, mask=mask), mask=mask)


def custom_kernel(data):
    a, b, out = data
    processors = torch.cuda.get_device_properties(a.device).multi_processor_count
    add[(4 * processors,)](a, b, out, a.numel(), BLOCK=2048, STEPS=1, num_warps=8)
