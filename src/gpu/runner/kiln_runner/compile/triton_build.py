"""Triton kernels to cubins, ahead of time and without a GPU. Runs the source: only ever called in a confined process."""
import importlib.util
import re
import sys
import traceback
from typing import Any, Dict, Iterator, List, NamedTuple

from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

import triton

SOURCE_FILE = "candidate.py"
WARP_THREADS = 32
CAUSES_MAX = 4
HIDDEN_MAX = 8
DIVISIBLE = [["tt.divisibility", 16]]
TYPES = {
    "f64": "fp64", "f32": "fp32", "f16": "fp16", "bf16": "bf16", "i64": "i64", "i32": "i32", "u32": "u32", "i8": "i8", "u8": "u8",
    "f8e4m3": "fp8e4nv", "f4e2m1x2": "u8",
}
SCALAR_BYTES = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "u32": 4}
POINTER_BYTES = 8


class Refused(Exception):
    """The source cannot become a candidate; the message says why."""


class BuiltKernel(NamedTuple):
    name: str
    cubin: bytes
    shared: int
    num_warps: int
    hidden: List[str]


def build(unit: dict) -> List[BuiltKernel]:
    """Compiles every kernel of the unit from SOURCE_FILE in the working folder. Whatever the source raises comes out."""
    module = _load()
    return [_compile(module, kernel, unit) for kernel in unit["kernels"]]


def explain(error: BaseException) -> str:
    """The lines of the source that led to it and what was said; nothing of the compiler's own insides."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, SystemExit):
        return f"the source ended the process that compiles it: sys.exit({error.code})"
    return "\n".join(_told(error))


def _told(error: BaseException) -> Iterator[str]:
    for _ in range(CAUSES_MAX):
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(SOURCE_FILE)]
        yield from (f"{SOURCE_FILE}:{frame.lineno}: in {frame.name}" for frame in frames[-CAUSES_MAX:])
        yield "".join(traceback.format_exception_only(type(error), error)).strip()
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            return
        error = cause


def _load() -> Any:
    # A file and a real module: Triton reads the text of its functions through inspect.
    spec = importlib.util.spec_from_file_location("candidate", SOURCE_FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["candidate"] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def _compile(module: Any, kernel: dict, unit: dict) -> BuiltKernel:
    function = _function(module, kernel["name"])
    options: Dict[str, int] = {"num_warps": unit["numWarps"] or 4}
    if unit["numStages"] is not None:
        options["num_stages"] = unit["numStages"]
    target = GPUTarget("cuda", int(re.sub(r"\D", "", unit["architecture"])), WARP_THREADS)
    compiled = triton.compile(_source_of(function, kernel, unit["params"]), target=target, options=options)
    return _checked(compiled, kernel)


def _function(module: Any, name: str) -> Any:
    function = getattr(module, name, None)
    if isinstance(function, triton.runtime.JITFunction):
        return function
    names = [key for key, value in vars(module).items() if isinstance(value, triton.runtime.JITFunction)]
    known = ", ".join(names) or "none"
    if isinstance(getattr(function, "fn", None), triton.runtime.JITFunction):
        raise Refused(f'"{name}" is decorated beyond @triton.jit (autotune, heuristics): make its choices params and sweep them')
    raise Refused(f'the source has no @triton.jit function "{name}" that the plan launches; it has: {known}')


def _source_of(function: Any, kernel: dict, params: dict) -> Any:
    signature, constants, divisible = {}, {}, {}
    arguments = iter(kernel["args"])
    for index, parameter in enumerate(function.params):
        if parameter.is_constexpr:
            signature[parameter.name] = "constexpr"
            constants[(index,)] = _constant(parameter, params)
            continue
        argument = next(arguments, None)
        if argument is None:
            raise _miscounted(function, kernel)
        signature[parameter.name] = ("*" if argument["pointer"] else "") + TYPES[argument["dtype"]]
        if argument["divisibleBy16"]:
            divisible[(index,)] = DIVISIBLE
    if next(arguments, None) is not None:
        raise _miscounted(function, kernel)
    return ASTSource(fn=function, signature=signature, constexprs=constants, attrs=divisible)


def _constant(parameter: Any, params: dict) -> Any:
    if parameter.name in params:
        return params[parameter.name]
    if parameter.has_default:
        return parameter.default
    raise Refused(f'the tl.constexpr argument "{parameter.name}" is no param of the plan and has no default; declare it under params')


def _miscounted(function: Any, kernel: dict) -> Refused:
    names = [parameter.name for parameter in function.params if not parameter.is_constexpr]
    return Refused(
        f'{kernel["name"]} takes {len(names)} arguments besides its constexprs ({", ".join(names)}); the plan gives {len(kernel["args"])}'
    )


def _checked(compiled: Any, kernel: dict) -> BuiltKernel:
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
    hidden = _hidden(parameter_bytes(compiled.asm["ptx"], metadata.name), kernel)
    return BuiltKernel(metadata.name, compiled.asm["cubin"], metadata.shared, metadata.num_warps, hidden)


def _hidden(sizes: List[int], kernel: dict) -> List[str]:
    """What the installed Triton adds behind the arguments (global scratch since 3.3, profile scratch since 3.4), seen in its code."""
    given = [POINTER_BYTES if argument["pointer"] else SCALAR_BYTES[argument["dtype"]] for argument in kernel["args"]]
    extra = sizes[len(given) :]
    if sizes[: len(given)] != given or len(extra) > HIDDEN_MAX or any(size != POINTER_BYTES for size in extra):
        raise Refused(f'{kernel["name"]} was compiled to take {sizes} bytes, the plan gives {given}: this Triton passes arguments otherwise')
    return ["null_ptr"] * len(extra)


def parameter_bytes(ptx: str, kernel: str) -> List[int]:
    """Sizes of the parameters of a `.entry`, in order."""
    entry = re.search(rf"\.entry\s+{re.escape(kernel)}\s*\((.*?)\)", ptx, re.DOTALL)
    return [int(bits) // 8 for bits in re.findall(r"\.param\s+\.[a-z](\d+)", entry.group(1))] if entry else []
