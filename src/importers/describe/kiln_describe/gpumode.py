"""A task of GPU MODE: generate_input(**args, seed=...) makes data, ref_kernel(data) what is right."""
import copy
import math
from pathlib import Path
from typing import Any, Callable, Optional

from kiln_describe.files import load
from kiln_describe.inputs import Made, make, redirected
from kiln_describe.kiln_derive import called
from kiln_describe.lines import Lines
from kiln_describe.names import unpacked_names
from kiln_describe.outputs import Ran, attempt, same
from kiln_describe.own_check import OwnCheck
from kiln_describe.refused import Refused
from kiln_describe.tolerance import CHECK, tolerance_of
from kiln_describe.tree import take

_ELEMENTS_RUN_MAX = 1 << 22
# Of a case, for its own check to be tried on it where a smaller one was.
_ELEMENTS_LEARNED_MAX = 1 << 17
_SEED = 11
# Of the inputs that its own check is tried on in the smallest case: what is asked of a value may be answered so by luck.
_SEEDS_LEARNED = (_SEED, 12, 13, 14)


def describe(task: dict[str, Any]) -> dict[str, Any]:
    path = Path(task["file"])
    lines, source = Lines(str(path.parent)), path.read_text()
    tolerance = tolerance_of(source)
    module = load(path, lines, ("generate_input", "ref_kernel"))
    own = _own_check(module, tolerance, lines)
    inputs = [_inputs(module.generate_input, args, lines) for args in task["cases"]]
    all_made = [one for one in inputs if isinstance(one, Made)]
    if not all_made:
        raise Refused(str(inputs[0]) if inputs else "it has no case")
    # That its result is the same every time is shown on the smallest.
    smallest = min((_size(one) for one in all_made if not one.is_left_out), default=0)
    cases = [
        {"refused": made} if isinstance(made, str) else _case(module, args, made, lines, shows=_size(made) == smallest)
        for made, args in zip(inputs, task["cases"])
    ]
    if own:
        _learn(own, module, [(made, args) for made, args in zip(inputs, task["cases"]) if isinstance(made, Made)])
    ran = [one for one in cases if one.get("outputs") is not None]
    if not ran and not all(one.is_left_out for one in all_made):
        raise Refused(f"the reference ran in no case: {next(one['complaint'] for one in cases if 'complaint' in one)}")
    said = {"check": own.document()} if own else {"tolerance": tolerance}
    return {"cases": cases, "names": unpacked_names(source, "ref_kernel"), **said}


def _own_check(module: Any, tolerance: dict[str, Any], lines: Lines) -> Optional[OwnCheck]:
    """None where it compares as Kiln does."""
    why = tolerance.get("own")
    if why is None:
        return None
    if not callable(getattr(module, CHECK, None)):
        raise Refused(f"{why}: nothing says what is right")
    return OwnCheck(getattr(module, CHECK), why, lines)


def _learn(own: OwnCheck, module: Any, cases: "list[tuple[Made, dict[str, Any]]]") -> None:
    """From the smallest case, and from all others that are quickly run."""
    first, *others = sorted(cases, key=lambda case: _size(case[0]))
    if _size(first[0]) > _ELEMENTS_RUN_MAX:
        raise Refused("its own check is learned from a case, and all of its tensors are too large to run it here")
    for made, args in [first, *(case for case in others if _size(case[0]) <= _ELEMENTS_LEARNED_MAX)]:
        is_first = made is first[0]
        for seed in _SEEDS_LEARNED if is_first else (_SEED,):
            own.learn(_again(_generator(module.generate_input, args), "cpu", seed), module.ref_kernel, tries=is_first)


def _inputs(generate: Callable[..., Any], args: dict[str, Any], lines: Lines) -> "Made | str":
    """Or why there are none."""
    try:
        return make(_generator(generate, args), lines)
    except Refused as refused:
        return str(refused)


def _case(module: Any, args: dict[str, Any], made: Made, lines: Lines, *, shows: bool) -> dict[str, Any]:
    generate = _generator(module.generate_input, args)
    ran, complaint = (None, "") if made.is_left_out else _reference(module.ref_kernel, generate, made, lines, shows=shows)
    return {
        "data": made.found.tree, "tensors": made.tensors, "raw": made.raw, "places": made.found.places, "outputs": ran.outputs if ran else None,
        "changed": ran.changed if ran else [], "complaint": "" if ran else complaint,
    }


def _generator(generate: Callable[..., Any], args: dict[str, Any]) -> Callable[[int], Any]:
    return lambda seed: called(generate, args, seed)


def _reference(
    reference: Callable[[Any], Any], generate: Callable[[int], Any], made: Made, lines: Lines, *, shows: bool,
) -> tuple[Optional[Ran], str]:
    ran, complaint = None, ""
    if made.device == "meta":
        data = _again(generate, "meta")
        ran, complaint = attempt(lambda: reference(data), _tensors(data), device="meta", lines=lines)
    if ran and not shows:
        return ran, ""
    if _size(made) > _ELEMENTS_RUN_MAX:
        return ran, complaint or "its tensors are too large to run it here"
    data = _again(generate, "cpu")
    other = copy.deepcopy(data) if shows else None
    first, complaint = attempt(lambda: reference(data), _tensors(data), device="cpu", lines=lines)
    if not shows:
        return first or ran, complaint
    second, _ = attempt(lambda: reference(other), _tensors(other), device="cpu", lines=lines)
    if first and second and not same(first, second):
        raise Refused("the reference returns other numbers each time that it is called")
    return first or ran, complaint


def _again(generate: Callable[[int], Any], device: str, seed: int = _SEED) -> Any:
    with redirected(device):
        return generate(seed)


def _size(made: Made) -> int:
    return sum(math.prod(one["shape"]) for one in made.tensors)


def _tensors(data: Any) -> list[Any]:
    return take(data).tensors
