"""Which library a kernel is of, as its name says. A program may call its own kernels as it likes: this is for people, and decides nothing."""
import re
from typing import Optional

_BY_NAME = (
    ("cudnn", re.compile(r"cudnn|xmma_(?:fprop|dgrad|wgrad)|implicit_convolve")),
    ("cublas", re.compile(r"cublas|^nvjet_|xmma_gemm|^gemv|gemmk1_kernel|splitKreduce|^(?:ampere|turing|volta|maxwell)_\w*gemm")),
    ("cutlass", re.compile(r"cutlass")),
    ("flash-attention", re.compile(r"flash_fwd|flash_bwd|fmha_")),
    ("torch", re.compile(r"at6native|at_cuda_detail|^_ZN2at|c10")),
    ("cub", re.compile(r"N3cub|^_ZN\d*cub|thrust")),
)


def library_of(kernel: str) -> Optional[str]:
    """None: of none that is known here."""
    return next((name for name, pattern in _BY_NAME if pattern.search(kernel)), None)
