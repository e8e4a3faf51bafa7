"""Calls a program in the way that its style says, and looks at what it returns: what kind, type, shape and place, and where its numbers lie."""
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional, Union, cast

from kiln_runner.programs.framework import Found, Framework
from kiln_runner.protocol import Json
from kiln_runner.protocol_programs import HandedData, ModelCall, Number, RecordedCase, RecordedTensor

OUTPUTS_SHOWN = 8
NAME_SHOWN = 64


class Broken(Exception):
    """The contract of its style is: the message says which part of it."""


class Given(NamedTuple):
    """One tensor of the case, and what the program is handed for it."""

    spec: RecordedTensor
    tensor: Any


class Placed(NamedTuple):
    """Where a program left an output. `found` None: in the tensor that it was given. `laid_out`: its rows were not in order. `kept`: what has
    that memory, which the next output may not get."""

    spec: RecordedTensor
    found: Optional[Found]
    laid_out: bool = False
    kept: Any = None


# A program in one case.
Call = Callable[[RecordedCase, list[Given]], Any]


def callable_of(symbol: Callable[..., Any], style: str, model: Optional[ModelCall], framework: Framework) -> Call:
    if style == "model":
        made = _made(symbol, model, framework)
        return lambda _case, given: made(*[one.tensor for one in given if one.spec["role"] != "out"])
    if style == "custom_kernel":
        return lambda case, given: symbol(_data_of(case, given))
    if style == "function":
        return lambda case, given: symbol(**_by_name([one for one in given if one.spec["role"] != "out"]), **_values_for(symbol, case))
    return lambda case, given: symbol(**_by_name(given), **_values_for(symbol, case))


def _made(symbol: Callable[..., Any], model: Optional[ModelCall], framework: Framework) -> Any:
    if model is None:
        made = symbol()
    else:
        framework.seed(model["seed"])
        made = symbol(*_argument(model["init"]["positional"]), **_argument(model["init"]["keywords"]))
    return made.cuda() if hasattr(made, "cuda") else made


def _argument(value: Any) -> Any:
    """As JSON has it, in which 1.0 is {"$float": 1}."""
    if isinstance(value, list):
        return [_argument(one) for one in cast(list[Any], value)]
    if isinstance(value, dict):
        named = cast(dict[str, Any], value)
        return float(named[_WHOLE_FLOAT]) if named.keys() == {_WHOLE_FLOAT} else {name: _argument(one) for name, one in named.items()}
    return value


_WHOLE_FLOAT = "$float"


def _by_name(given: list[Given]) -> dict[str, Any]:
    return {one.spec["name"]: one.tensor for one in given}


def _values_for(symbol: Callable[..., Any], case: RecordedCase) -> dict[str, Any]:
    """Shape variables and scalars that its signature names."""
    try:
        named = inspect.signature(symbol).parameters
    except (TypeError, ValueError):
        # Something of C without a signature.
        return {}
    return {name: _number(value) for name, value in case.get("values", {}).items() if name in named}


def _data_of(case: RecordedCase, given: list[Given]) -> Any:
    data = case.get("data")
    return tuple(one.tensor for one in _inputs_first(given)) if data is None else _handed(data, _by_name(given))


def _handed(data: HandedData, tensors: dict[str, Any]) -> Any:
    if data["kind"] == "tensor":
        return tensors[data["name"]]
    if data["kind"] == "tuple":
        return tuple(_handed(item, tensors) for item in data["items"])
    if data["kind"] == "dict":
        return {name: _handed(entry, tensors) for name, entry in data["entries"].items()}
    return data["value"] if data["kind"] == "constant" else _number(data)


def _number(number: Number) -> Union[int, float]:
    return int(number["value"]) if number["kind"] == "int" else float(number["value"])


def _inputs_first(given: list[Given]) -> list[Given]:
    return [*(one for one in given if one.spec["role"] != "out"), *(one for one in given if one.spec["role"] == "out")]


def outputs_of(returned: Any, given: list[Given], framework: Framework) -> list[Placed]:
    """Of each output, in order. Nothing returned: they are in the tensors that were given. Broken says what is wrong with them."""
    outputs = [one for one in given if one.spec["role"] == "out"] or [one for one in given if one.spec["role"] == "inout"]
    are_rules = any(is_rule(one.spec) for one in outputs)
    if returned is None and not are_rules:
        return [Placed(one.spec, None) for one in outputs]
    names = [one.spec["name"] for one in outputs]
    values = _values(returned, names, framework)
    if are_rules and isinstance(returned, Mapping):
        _refuse_unasked(cast(Mapping[Any, Any], returned), names)
    if len(values) != len(outputs):
        raise Broken(f"it returned {len(values)} tensors; the problem has {len(outputs)} outputs ({_names(outputs)})")
    return [_placed(value, one, framework) for value, one in zip(values, outputs)]


def _values(returned: Any, names: list[str], framework: Framework) -> list[Any]:
    if framework.look(returned) is not None:
        return [returned]
    if isinstance(returned, Mapping):
        by_name = cast(Mapping[Any, Any], returned)
        missing = [name for name in names if name not in by_name]
        if missing:
            raise Broken(f"what it returned has no {missing[0]}")
        return [by_name[name] for name in names]
    if isinstance(returned, Sequence) and not isinstance(returned, (str, bytes)):
        return list(cast(Sequence[Any], returned))
    raise Broken(f"it returned {type(returned).__name__}; a tensor for each output, or nothing, is needed")


def _refuse_unasked(said: Mapping[Any, Any], rules: list[str]) -> None:
    """What a check says beyond the problem's rules holds nobody to anything."""
    unasked = next((f"{name}" for name in said if name not in rules), None)
    if unasked is not None:
        raise Broken(f"it says whether {unasked[:NAME_SHOWN]} holds, which is none of the problem's rules")


def _placed(value: Any, one: Given, framework: Framework) -> Placed:
    spec, found, given = one.spec, framework.look(value), framework.look(one.tensor)
    if is_rule(spec):
        return _held(spec, value, found, framework)
    if found is None:
        raise Broken(f"output {spec['name']} is {type(value).__name__}, no tensor")
    wanted = framework.type_of(spec["dtype"])
    if found.type != wanted:
        raise Broken(f"output {spec['name']} has the type {found.type}; {wanted} is needed")
    # A problem's single number has one axis; PyTorch's sum or mean has none.
    if (found.shape or [1]) != spec["shape"]:
        raise Broken(f"output {spec['name']} has the shape {found.shape[:OUTPUTS_SHOWN]}; {spec['shape']} is needed")
    if not found.is_on_gpu:
        raise Broken(f"output {spec['name']} is not on the GPU")
    if "low" in derived_of(spec):
        # Within what is recorded: whatever it is computed from, candidates may index with it.
        framework.clamp(value, spec["distribution"]["low"], spec["distribution"]["high"])
    if not found.is_contiguous:
        # Within what is recorded, so that it is replayed and timed as if the program had done it.
        laid = framework.contiguous(value)
        return Placed(spec, framework.look(laid), laid_out=True, kept=laid)
    return Placed(spec, None if given is not None and given.address == found.address else found)


def _held(spec: RecordedTensor, value: Any, found: Optional[Found], framework: Framework) -> Placed:
    """What a check says of one of its rules, as a byte: within what is recorded, 1 where all that it says is true."""
    if found is None or found.type != "bool":
        raise Broken(f"rule {spec['name']} is {type(value).__name__ if found is None else found.type}; a tensor of bool is needed: where it holds")
    if not found.bytes:
        raise Broken(f"rule {spec['name']} says nothing: its tensor is empty")
    if not found.is_on_gpu:
        raise Broken(f"rule {spec['name']} is not on the GPU: it does not follow from the outputs")
    byte = framework.all_true(value)
    return Placed(spec, framework.look(byte), kept=byte)


def is_rule(spec: RecordedTensor) -> bool:
    """A rule of a problem's own check."""
    return spec["distribution"]["kind"] == "rule"


def derived_of(spec: RecordedTensor) -> Json:
    """The bounds of an input of the problem that this program derives, with `kind`; empty of another tensor."""
    return spec["distribution"] if spec["role"] == "out" and spec["distribution"]["kind"] == "derived" else {}


def _names(outputs: list[Given]) -> str:
    return ", ".join(one.spec["name"] for one in outputs[:OUTPUTS_SHOWN])
