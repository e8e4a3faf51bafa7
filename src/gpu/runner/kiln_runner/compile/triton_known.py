"""A kernel of ours: its compilation warms a worker up, and shows at inventory time how the installed Triton passes arguments."""
import gc
import linecache
import os
import sys
import tempfile
from pathlib import Path

from kiln_runner import temporary_folders
from kiln_runner.protocol import KernelUnit

KNOWN_SOURCE = '''"""kiln
launch: [{kernel: known, grid: [1], args: [x, y, n, factor]}]
"""
import triton
import triton.language as tl



@triton.jit
def known(x, y, n, factor, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    tl.store(y + at, tl.load(x + at, mask=inside) * factor, mask=inside)
'''


def known_unit(architecture: str) -> KernelUnit:
    args = [("x", "f32"), ("y", "f32"), (None, "i32"), (None, "f32")]
    return {
        "language": "triton", "source": KNOWN_SOURCE, "params": {"BLOCK": 256}, "architecture": architecture, "numWarps": 4,
        "numStages": None, "kernels": [{"name": "known", "args": [
            {"pointer": name is not None, "dtype": dtype, "divisibleBy16": name is not None} for name, dtype in args
        ]}],
    }


def compile_known() -> None:
    """A compile of our own, here: what the compiler sets up in its first one (a second of work), every forked copy then has."""
    with temporary_folders.made("triton") as folder:
        _compile_known_in(folder)


def _compile_known_in(folder: str) -> None:
    from kiln_runner.compile.triton_assemble import assemble
    from kiln_runner.compile.triton_build import lower

    former, environment, path = os.getcwd(), dict(os.environ), tempfile.tempdir
    try:
        os.chdir(folder)
        Path("candidate.py").write_text(KNOWN_SOURCE, encoding="utf-8")
        os.environ.update(TRITON_CACHE_DIR=f"{folder}/cache", TMPDIR=folder)
        tempfile.tempdir = folder
        unit = known_unit("sm_90a")
        assemble(unit, lower(unit))
    except Exception as error:
        # Slower then, and said by each compile that fails for the same reason.
        sys.stderr.write(f"Triton's first compile: {error!r}\n")
    finally:
        os.chdir(former)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = path
        sys.modules.pop("candidate", None)
        linecache.clearcache()
        # Contexts of the compiler have threads, which no forked copy has.
        gc.collect()
