"""A file of KernelBench: Model(*get_init_inputs()) is what is right, get_inputs() what it is called with."""
import math
from pathlib import Path
from typing import Any, Callable, Optional

from kiln_describe.arguments import given_arguments, plain_arguments
from kiln_describe.files import load
from kiln_describe.first_axis import smaller_cases
from kiln_describe.framework import torch
from kiln_describe.inputs import Made, make, redirected, said
from kiln_describe.lines import Lines
from kiln_describe.names import argument_names
from kiln_describe.outputs import Ran, attempt, same
from kiln_describe.refused import Refused

SEED = 42
# With numbers only what some seconds are enough for.
_ELEMENTS_RUN_MAX = 1 << 25


def describe(task: dict[str, Any]) -> dict[str, Any]:
    path = Path(task["file"])
    lines, source = Lines(str(path.parent)), path.read_text()
    module = load(path, lines, ("Model", "get_inputs", "get_init_inputs"))
    init = _init(module, lines)
    made = make(lambda _seed: tuple(module.get_inputs()), lines)
    other = next((one for one in made.found.tree["tuple"] if "tensor" not in one), None)
    if other is not None:
        raise Refused(f"get_inputs() returns {next(iter(other.values()))!r:.40} among its tensors; a model is called with tensors alone")
    ran, complaint = _forward(module, init, made, lines)
    if ran is None:
        raise Refused(f"the model cannot be run here: {complaint}")
    whole = {
        "data": made.found.tree, "tensors": made.tensors, "places": made.found.places, "outputs": ran.outputs, "changed": ran.changed,
        "complaint": "",
    }
    smaller = smaller_cases(whole, lambda shapes: _shapes_after(module, init, made, shapes, lines), task["bytesMax"])
    return {"init": init, "names": argument_names(source, "Model", "forward"), "weights": _weights(module, init), **smaller}


def _weights(module: Any, init: dict[str, Any]) -> int:
    """Bytes of parameters and buffers; 0 where the model cannot be made without numbers."""
    try:
        model = _model(module, init, "meta")
        return sum(one.numel() * one.element_size() for one in [*model.parameters(), *model.buffers()])
    except Exception:  # whatever a person's file raises
        return 0


def _shapes_after(module: Any, init: dict[str, Any], made: Made, shapes: list[list[int]], lines: Lines) -> Optional[list[list[int]]]:
    """Of the outputs, for inputs of other shapes; None where the model does not take them."""
    inputs = tuple(torch.empty(shape, dtype=one.dtype, device="meta") for shape, one in zip(shapes, made.found.tensors))
    try:
        ran, _complaint = attempt(_calling(_model(module, init, "meta"), inputs), list(inputs), device="meta", lines=lines)
    except Exception:  # whatever a person's file raises
        return None
    return [one["shape"] for one in ran.outputs] if ran else None


def _init(module: Any, lines: Lines) -> Any:
    try:
        with redirected("cpu"):
            values = module.get_init_inputs()
    except Exception as error:
        raise Refused(f"get_init_inputs fails: {said(error, lines)}") from error
    named = isinstance(values, dict)
    plain = plain_arguments(values, "get_init_inputs()")
    return {"positional": [] if named else plain, "keywords": plain if named else {}}


def _forward(module: Any, init: dict[str, Any], made: Made, lines: Lines) -> tuple[Optional[Ran], str]:
    """Without numbers where that can be; with them where it cannot and they are few."""
    complaint = ""
    if made.device == "meta":
        ran, complaint = _once(module, init, "meta", lines)
        if ran:
            return ran, ""
    if sum(math.prod(one["shape"]) for one in made.tensors) > _ELEMENTS_RUN_MAX:
        return None, f"{complaint}; its inputs are too large to do so with numbers"
    return _twice(module, init, lines)


def _model(module: Any, init: dict[str, Any], device: str) -> Any:
    torch.manual_seed(SEED)
    with redirected(device):
        return module.Model(*given_arguments(init["positional"]), **given_arguments(init["keywords"]))


def _inputs(module: Any, device: str) -> tuple[Any, ...]:
    torch.manual_seed(SEED)
    with redirected(device):
        return tuple(module.get_inputs())


def _once(module: Any, init: dict[str, Any], device: str, lines: Lines) -> tuple[Optional[Ran], str]:
    try:
        model, inputs = _model(module, init, device), _inputs(module, device)
    except Exception as error:  # whatever a person's file raises
        return None, said(error, lines)
    return attempt(_calling(model, inputs), list(inputs), device=device, lines=lines)


def _twice(module: Any, init: dict[str, Any], lines: Lines) -> tuple[Optional[Ran], str]:
    first, complaint = _once(module, init, "cpu", lines)
    if first is None:
        return None, complaint
    second, _ = _once_more(module, init, lines)
    if second is None or not same(first, second):
        raise Refused("the model returns other numbers each time that it is called")
    return first, ""


def _once_more(module: Any, init: dict[str, Any], lines: Lines) -> tuple[Optional[Ran], str]:
    """The same inputs and weights, and other numbers for whatever is drawn while it runs."""
    model, inputs = _model(module, init, "cpu"), _inputs(module, "cpu")
    torch.manual_seed(SEED + 1)
    return attempt(_calling(model, inputs), list(inputs), device="cpu", lines=lines)


def _calling(model: Any, inputs: tuple[Any, ...]) -> Callable[[], Any]:
    return lambda: model(*inputs)
