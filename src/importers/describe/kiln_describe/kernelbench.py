"""A file of KernelBench: Model(*get_init_inputs()) is what is right, get_inputs() what it is called with."""
import math
from pathlib import Path
from typing import Any, Callable, Optional

from kiln_describe.arguments import given_arguments, plain_arguments
from kiln_describe.files import load
from kiln_describe.first_axis import WithRows, fewer_rows, is_computed, smaller_cases
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
    whole = _whole(module, init, made, lines)
    if is_computed(made.tensors):
        name = _rows_name(module, made)
        with_rows, rows = _remaking(module, init, name, lines), {"rows": name} if name else {}
    else:
        with_rows, rows = _cutting(module, init, made, whole, lines), {}
    names = argument_names(source, "Model", "forward")
    return {"init": init, "names": names, "weights": _weights(module, init), **rows, **smaller_cases(whole, with_rows, task["bytesMax"])}


def _whole(module: Any, init: dict[str, Any], made: Made, lines: Lines) -> dict[str, Any]:
    """Its case, as the answer has it."""
    other = next((one for one in made.found.tree["tuple"] if "tensor" not in one), None)
    if other is not None:
        raise Refused(f"get_inputs() returns {next(iter(other.values()))!r:.40} among its tensors; a model is called with tensors alone")
    ran, complaint = _forward(module, init, made, lines)
    if ran is None:
        raise Refused(f"the model cannot be run here: {complaint}")
    return {
        "data": made.found.tree, "tensors": made.tensors, "raw": made.raw, "places": made.found.places, "outputs": ran.outputs,
        "changed": ran.changed,
        "complaint": "",
    }


def _cutting(module: Any, init: dict[str, Any], made: Made, whole: dict[str, Any], lines: Lines) -> WithRows:
    """Of inputs that are drawn, whatever their shapes."""
    return lambda rows: fewer_rows(whole, rows, lambda shapes: _shapes_after(module, init, made, shapes, lines))


def _rows_name(module: Any, made: Made) -> Optional[str]:
    """The file's own variable that says how many rows there are, as far as its value tells."""
    rows = made.tensors[0]["shape"][:1]
    names = [name for name, value in vars(module).items() if isinstance(value, int) and [value] == rows and not isinstance(value, bool)]
    return "batch_size" if "batch_size" in names else next(iter(names), None)


def _remaking(module: Any, init: dict[str, Any], name: Optional[str], lines: Lines) -> WithRows:
    """Of inputs that the file's own code computes: it is run with another value of that variable."""
    def with_rows(rows: int) -> Optional[dict[str, Any]]:
        if name is None:
            return None
        before = getattr(module, name)
        setattr(module, name, rows)
        try:
            made = make(lambda _seed: tuple(module.get_inputs()), lines)
            return _whole(module, init, made, lines) if _init(module, lines) == init else None
        except Refused:
            return None
        finally:
            setattr(module, name, before)
    return with_rows


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
