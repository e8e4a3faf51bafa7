# expect: compile_error or crashed or plan_error
# Writes its own answer to the result pipe: an ELF header and junk. Loading fails in the judge: must be the candidate's fault, not the
# host's.
"""kiln
params: {SIZE: 1024}
launch:
  - kernel: vector_add
    grid: ["ceil_div(n, SIZE)"]
    args: [a, b, out, n]
"""

import json, os, struct
body = b"\x7fELF\x02\x01\x01\x41" + bytes(range(256)) * 16
header = json.dumps({"type": "built", "kernels": [{"name": "vector_add", "bytes": len(body), "shared": 0, "numWarps": 4, "hidden": []}]}).encode()
os.write(3, struct.pack(">II", len(header), len(body)) + header + body)
os._exit(0)

import triton
import triton.language as tl

@triton.jit
def vector_add(a, b, out, n, SIZE: tl.constexpr):
    at = tl.program_id(0) * SIZE + tl.arange(0, SIZE)
    inside = at < n
    tl.store(out + at, tl.load(a + at, mask=inside) + tl.load(b + at, mask=inside), mask=inside)
