"""Stands for the tuner of this name while `kiln import kerneltuner SCRIPT.py` runs a script: what it would have tuned is written down.

For each call of tune_kernel it writes NUMBER.json, a tuning problem in the T1 form, and NUMBER.cu to KILN_RECORD_FOLDER. What the form cannot hold
ends the script with a message.
"""
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Optional, Union

TYPES = {
    "float32": "float", "float64": "double", "float16": "half",
    "int32": "int32", "uint32": "uint32", "int64": "int64", "int8": "int8", "uint8": "uint8",
}
BLOCK = ("block_size_x", "block_size_y", "block_size_z")
BLOCK_USUAL = ("256", "1", "1")
_counts = {"recorded": 0}


def tune_kernel(
    kernel_name: str, kernel_source: Any, problem_size: Any, arguments: Any, tune_params: dict[str, Any], *options: Any, **named: Any,
) -> tuple[list[Any], dict[str, Any]]:
    """Returns no results: there are none yet."""
    names = ("grid_div_x", "grid_div_y", "grid_div_z", "restrictions", "answer")
    given = {**dict(zip(names, options)), **named}
    _refuse(given, tune_params)
    _counts["recorded"] += 1
    folder, number = Path(os.environ["KILN_RECORD_FOLDER"]), _counts["recorded"]
    source = _source(kernel_source)
    (folder / f"{number}.cu").write_text(source)
    declared = _declared(source, kernel_name, len(arguments))
    restrictions = _list(given.get("restrictions"))
    recorded: dict[str, Any] = {
        "General": {"BenchmarkName": kernel_name},
        "ConfigurationSpace": {
            "TuningParameters": [_parameter(name, values) for name, values in tune_params.items()],
            "Conditions": [{"Parameters": [], "Expression": _expression(text, "restrictions")} for text in restrictions],
        },
        "Search": {"Name": str(given.get("strategy") or "brute_force")},
        "Budget": _budget(given.get("strategy_options") or {}),
        "KernelSpecification": {
            "Language": _language(given.get("lang")), "KernelName": kernel_name, "KernelFile": f"{number}.cu",
            "CompilerOptions": list(given.get("compiler_options") or []), **_sizes(problem_size, tune_params, given),
            "Arguments": [
                *(_argument(declared[index], value, _answer(given.get("answer"), index)) for index, value in enumerate(arguments)),
                *_constants(given.get("cmem_args") or {}),
            ],
        },
    }
    (folder / f"{number}.json").write_text(json.dumps(recorded))
    return [], {}


def run_kernel(*_arguments: Any, **_named: Any) -> None:
    """Nothing is run while a script is recorded."""
    _stop("run_kernel runs a kernel, which is not done while a script is recorded")


def _stop(message: str) -> NoReturn:
    sys.exit(f"not taken: {message}")


def _refuse(given: dict[str, Any], tune_params: dict[str, Any]) -> None:
    if given.get("texmem_args"):
        _stop("texmem_args: a launch plan has no textures; pass them as arguments")
    if given.get("defines") is not None:
        _stop("defines: params are macros of their names here")
    if callable(given.get("restrictions")):
        _stop("restrictions is a function; write conditions as texts")
    if not tune_params:
        _stop("tune_params is empty")


def _source(kernel_source: Any) -> str:
    """A text, or the name of a file with it."""
    if callable(kernel_source) or isinstance(kernel_source, (list, tuple)):
        _stop("kernel_source is a function or a list; give one text or one file")
    text = str(kernel_source)
    return text if "{" in text else Path(text).read_text()


def _language(lang: Optional[str]) -> str:
    return "CUDA" if lang is None or lang.lower() in ("cuda", "cupy", "nvcuda") else lang


def _plain(value: Any) -> Any:
    """Numbers of numpy are objects of their own."""
    return value.item() if hasattr(value, "item") else value


def _parameter(name: str, values: Any) -> dict[str, Any]:
    plain = [_plain(value) for value in values]
    kind = "string" if any(isinstance(value, str) for value in plain) else "float" if any(isinstance(value, float) for value in plain) else "int"
    return {"Name": name, "Type": kind, "Values": repr(plain)}


def _expression(text: Any, name: str) -> str:
    if not isinstance(text, str):
        _stop(f"{name}: {text!r} is no text; functions cannot be read")
    return str(text)


def _budget(options: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = (("max_fevals", "ConfigurationCount"), ("time_limit", "TuningDuration"))
    return [{"Type": kind, "BudgetValue": options[name]} for name, kind in kinds if options.get(name)]


def _sizes(problem_size: Any, tune_params: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    sizes = _list(problem_size) if isinstance(problem_size, (list, tuple)) else [problem_size]
    blocks = given.get("block_size_names") or BLOCK
    local = [name if name in tune_params else usual for name, usual in zip(blocks, BLOCK_USUAL)]
    divisors = [_divisors(given.get(f"grid_div_{axis}"), name, tune_params) for axis, name in zip("xyz", blocks)]
    smem: dict[str, Any] = given.get("smem_args") or {}
    shared = _plain(smem.get("size", 0))
    if not isinstance(shared, int):
        _stop("smem_args: the size is no number")
    return {
        "ProblemSize": [_size(one) for one in sizes], "GlobalSizeType": "CUDA", "SharedMemory": shared,
        "GlobalSize": {"X": str(_size(sizes[0]))}, "LocalSize": dict(zip("XYZ", local)),
        **{f"GridDiv{axis}": divisors[index] for index, axis in enumerate("XYZ")},
    }


def _size(value: Any) -> Union[int, str]:
    if isinstance(value, str):
        return value
    if callable(value):
        _stop("problem_size is a function; give numbers or texts")
    return int(value)


def _list(value: Any) -> list[Any]:
    """Of nothing: none."""
    return [] if value is None else list(value)


def _divisors(given: Any, block: str, tune_params: dict[str, Any]) -> list[str]:
    """An empty list of the script means: by nothing. The form has no word for that but 1."""
    if given is None:
        return [block] if block in tune_params else ["1"]
    if callable(given):
        _stop("a grid divisor is a function; write it as a text")
    return [_expression(one if isinstance(one, str) else str(one), "grid_div") for one in _list(given)] or ["1"]


class Declared(NamedTuple):
    """A parameter as the kernel declares it."""

    name: str
    is_const: bool


def _declared(source: str, kernel_name: str, count: int) -> list[Declared]:
    """Names of the kernel's parameters where they can be read; numbers otherwise."""
    found = re.search(rf"\b{re.escape(kernel_name)}\s*\(([^)]*)\)\s*{{", source)
    parts = [part.strip() for part in found.group(1).split(",")] if found else []
    names = [re.search(r"([A-Za-z_]\w*)\s*(?:\[\s*\])?$", part) for part in parts]
    read = [Declared(name.group(1), "const" in part.split()) for name, part in zip(names, parts) if name]
    is_whole = len(read) == count and len({one.name for one in read}) == count
    return read if is_whole else [Declared(f"argument_{index}", False) for index in range(count)]


def _answer(answer: Any, index: int) -> Optional[bool]:
    """Whether the script says that it is written; None where it says nothing."""
    return None if answer is None else answer[index] is not None


def _argument(declared: Declared, value: Any, is_written: Optional[bool]) -> dict[str, Any]:
    kind = TYPES.get(str(getattr(value, "dtype", "")))
    if kind is None:
        _stop(f"argument {declared.name} is a {type(value).__name__} of type {getattr(value, 'dtype', 'unknown')}; {', '.join(TYPES)} are taken")
    if not getattr(value, "shape", ()):
        return {"Name": declared.name, "Type": kind, "MemoryType": "Scalar", "AccessType": "ReadOnly", "FillValue": _plain(value)}
    access = _access(declared, value, is_written)
    return {
        "Name": declared.name, "Type": kind, "MemoryType": "Vector", "Size": int(value.size), "AccessType": access, **_fill(str(kind), value),
    }


def _constants(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Constant memory, by the names that it has in the code."""
    return [{**_argument(Declared(name, True), value, False), "MemType": "Constant"} for name, value in given.items()]


def _access(declared: Declared, value: Any, is_written: Optional[bool]) -> str:
    """By the script's answer; without one, what is not const and holds zeros is written."""
    is_output = is_written if is_written is not None else not declared.is_const and not value.any()
    if not is_output:
        return "ReadOnly"
    return "ReadWrite" if value.any() else "WriteOnly"


def _fill(kind: str, value: Any) -> dict[str, Any]:
    if kind in ("float", "double", "half"):
        return {"FillType": "Random"}
    first = _plain(value.flat[0])
    is_constant = bool((value == first).all())
    return {"FillType": "Constant", "FillValue": first} if is_constant else {"FillType": "Random"}
