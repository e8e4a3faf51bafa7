"""Triton kernels to Triton's intermediate language (TTIR). Runs the source: only ever called in a confined process.

What comes out is text that the source has had every chance to write itself. It is compiled on elsewhere (triton_assemble.py), by a
process that never ran the source.
"""
import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from typing import Any, cast

import triton
from triton.backends import backends
from triton.compiler import ASTSource

from kiln_runner.compile.triton_assemble import Refused, options_of, target_of
from kiln_runner.protocol import KernelUnit, Params, UnitKernel

SOURCE_FILE = "candidate.py"
CAUSES_MAX = 4
LAST_STAGE = "ttir"
DIVISIBLE = [["tt.divisibility", 16]]
TYPES = {
    "f64": "fp64", "f32": "fp32", "f16": "fp16", "bf16": "bf16", "i64": "i64", "i32": "i32", "u32": "u32", "i8": "i8", "u8": "u8",
    "f8e4m3": "fp8e4nv", "f4e2m1x2": "u8",
}


class _Lowered(Exception):
    """Not an error: what the last stage that is wanted has made."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def lower(unit: KernelUnit) -> list[str]:
    """The TTIR of every kernel of the unit, from SOURCE_FILE in the working folder. Whatever the source raises comes out."""
    module = _load()
    return [_lower(module, kernel, unit) for kernel in unit["kernels"]]


def explain(error: BaseException) -> str:
    """The lines of the source that led to it and what was said; nothing of the compiler's own insides."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, SystemExit):
        return f"the source ended the process that compiles it: sys.exit({error.code})"
    return "\n".join(_reported(error))


def _reported(error: BaseException) -> Iterator[str]:
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
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules["candidate"] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def _lower(module: Any, kernel: UnitKernel, unit: KernelUnit) -> str:
    function = _function(module, kernel["name"])
    source = _source_of(function, kernel, unit["params"])
    try:
        with _no_further_than(LAST_STAGE):
            triton.compile(source, target=target_of(unit), options=options_of(unit))
    except _Lowered as lowered:
        return lowered.text
    raise Refused(f'Triton did not lower {kernel["name"]}')


@contextlib.contextmanager
def _no_further_than(stage: str) -> Iterator[None]:
    """Triton's stages are a dictionary in order, from name to what makes it: the one behind `stage` is exchanged."""
    compiler = backends["nvidia"].compiler
    add_stages = compiler.add_stages

    def add_some(self: Any, stages: dict[str, Any], *rest: Any, **named: Any) -> None:
        add_stages(self, stages, *rest, **named)
        names = list(stages)
        stages[names[names.index(stage) + 1]] = _tell

    compiler.add_stages = add_some
    try:
        yield
    finally:
        compiler.add_stages = add_stages


def _tell(module: Any, _metadata: object) -> None:
    # As Triton does at the end of a compilation: threads of the context would not survive a fork of this process.
    context = getattr(module, "context", None)
    disable = getattr(context, "disable_multithreading", None)
    if disable is not None:
        disable()
    raise _Lowered(str(module))


def _function(module: Any, name: str) -> Any:
    function = getattr(module, name, None)
    if isinstance(function, triton.runtime.JITFunction):
        return function
    defined = cast(dict[str, Any], module.__dict__)
    names = [key for key, value in defined.items() if isinstance(value, triton.runtime.JITFunction)]
    known = ", ".join(names) or "none"
    if isinstance(getattr(function, "fn", None), triton.runtime.JITFunction):
        raise Refused(f'"{name}" is decorated beyond @triton.jit (autotune, heuristics): make its choices params and sweep them')
    raise Refused(f'the source has no @triton.jit function "{name}" that the plan launches; it has: {known}')


def _source_of(function: Any, kernel: UnitKernel, params: Params) -> Any:
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


def _constant(parameter: Any, params: Params) -> Any:
    if parameter.name in params:
        return params[parameter.name]
    if parameter.has_default:
        return parameter.default
    raise Refused(f'the tl.constexpr argument "{parameter.name}" is no param of the plan and has no default; declare it under params')


def _miscounted(function: Any, kernel: UnitKernel) -> Refused:
    names = [parameter.name for parameter in function.params if not parameter.is_constexpr]
    return Refused(
        f'{kernel["name"]} takes {len(names)} arguments besides its constexprs ({", ".join(names)}); the plan gives {len(kernel["args"])}'
    )
