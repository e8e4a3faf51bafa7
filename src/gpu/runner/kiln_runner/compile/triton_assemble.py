"""TTIR to cubins by the installed Triton and its ptxas, ahead of time and without a GPU. Never where a source runs or has run."""
import math
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import triton
from triton.backends.compiler import GPUTarget

from kiln_runner.protocol import KernelUnit, UnitKernel

WARP_THREADS = 32
HIDDEN_MAX = 8
POINTER_BYTES = 8
SCALAR_BYTES = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "u32": 4}
PTXAS_TIMEOUT_S = 30


class Refused(Exception):
    """The source cannot become a candidate; the message says why."""


class BuiltKernel(NamedTuple):
    name: str
    cubin: bytes
    shared: int
    num_warps: int
    hidden: list[str]


def assemble(unit: KernelUnit, texts: list[str]) -> list[BuiltKernel]:
    """`texts`: the TTIR of each kernel, in order; what it says of itself is checked against the unit. Works in the working folder."""
    return [_assemble(unit, kernel, text, number) for number, (kernel, text) in enumerate(zip(unit["kernels"], texts))]


def target_of(unit: KernelUnit) -> GPUTarget:
    return GPUTarget("cuda", int(re.sub(r"\D", "", unit["architecture"])), WARP_THREADS)


def options_of(unit: KernelUnit) -> dict[str, int]:
    stages = {} if unit["numStages"] is None else {"num_stages": unit["numStages"]}
    return {"num_warps": unit["numWarps"] or 4, **stages}


def assembler_version() -> str:
    """Of every ptxas that comes with Triton, or is named instead of it; the code follows from them as much as from Triton."""
    folder = Path(triton.__file__).parent / "backends/nvidia/bin"
    named = [Path(os.environ[name]) for name in ("TRITON_PTXAS_PATH", "TRITON_PTXAS_BLACKWELL_PATH") if os.environ.get(name)]
    return ", ".join(filter(None, map(_version, [*named, *sorted(folder.glob("ptxas*"))])))


def _version(program: Path) -> str:
    try:
        done = subprocess.run(
            [str(program), "--version"], capture_output=True, timeout=PTXAS_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(rb"V(\d[\d.]*)", done.stdout)
    return f"{program.name} {found.group(1).decode()}" if found else ""


def _assemble(unit: KernelUnit, kernel: UnitKernel, text: str, number: int) -> BuiltKernel:
    # A name of ours: the kernel's may be as long as it likes.
    path = os.path.join(os.getcwd(), f"kernel-{number}.ttir")
    Path(path).write_text(text, encoding="utf-8")
    return _checked(triton.compile(path, target=target_of(unit), options=options_of(unit)), kernel)


def _checked(compiled: Any, kernel: UnitKernel) -> BuiltKernel:
    metadata = compiled.metadata
    for what in ("global_scratch_size", "profile_scratch_size"):
        size = getattr(metadata, what, 0) or 0
        if size:
            raise Refused(f'{kernel["name"]} needs {size} bytes of {what[:-13]} scratch memory from its launcher, which is not supported')
    for what in ("launch_cooperative_grid", "launch_pdl"):
        if getattr(metadata, what, False):
            raise Refused(f'{kernel["name"]} asks for {what}, which is not supported')
    if metadata.name != kernel["name"]:
        raise Refused(f'{kernel["name"]} was compiled under the name {metadata.name}; @triton.jit(repr=…) is not supported')
    ptx = compiled.asm["ptx"]
    _check_entries(ptx, kernel, metadata.num_warps)
    hidden = _hidden(parameter_bytes(ptx, metadata.name), kernel)
    return BuiltKernel(metadata.name, compiled.asm["cubin"], metadata.shared, metadata.num_warps, hidden)


def _check_entries(ptx: str, kernel: UnitKernel, num_warps: int) -> None:
    """One kernel, of the size that it is launched with."""
    entries = re.findall(r"\.entry\s+(\w+)", ptx)
    if entries != [kernel["name"]]:
        raise Refused(f'the code of {kernel["name"]} has the kernels {", ".join(entries) or "none"}; it must have that one alone')
    for threads in re.findall(r"^\s*\.(?:reqntid|maxntid)\s+([\d, ]+)", ptx, re.MULTILINE):
        sizes = [int(size) for size in threads.split(",") if size.strip()]
        if math.prod(sizes) != num_warps * WARP_THREADS:
            raise Refused(f'the code of {kernel["name"]} asks for blocks of {threads.strip()} threads, and has {num_warps} warps')


def _hidden(sizes: list[int], kernel: UnitKernel) -> list[str]:
    """What the installed Triton adds behind the arguments (global scratch since 3.3, profile scratch since 3.4), seen in its code."""
    given = [POINTER_BYTES if argument["pointer"] else SCALAR_BYTES[argument["dtype"]] for argument in kernel["args"]]
    extra = sizes[len(given) :]
    if sizes[: len(given)] != given or len(extra) > HIDDEN_MAX or any(size != POINTER_BYTES for size in extra):
        raise Refused(f'{kernel["name"]} was compiled to take {sizes} bytes, the plan gives {given}: this Triton passes arguments otherwise')
    return ["null_ptr"] * len(extra)


def parameter_bytes(ptx: str, kernel: str) -> list[int]:
    """Sizes of the parameters of a `.entry`, in order."""
    entry = re.search(rf"\.entry\s+{re.escape(kernel)}\s*\((.*?)\)", ptx, re.DOTALL)
    return [int(bits) // 8 for bits in re.findall(r"\.param\s+\.[a-z](\d+)", entry.group(1))] if entry else []
