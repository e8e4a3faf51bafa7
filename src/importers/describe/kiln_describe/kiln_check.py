"""Runs a task's own check of outputs without reading a value of them: what it asks of values stays on the device, as rules that must hold.

It takes the branches that it took when it passed the reference's outputs, and each question that decided one is a rule: where all of them are
answered as then, the check would pass these outputs too. What cannot be asked without reading is refused. A copy of this lies beside the files of
a problem that `kiln import` made (docs/importers.md); its verify.py calls `checked`. It needs PyTorch alone.
"""
import ast
import importlib
import operator
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NoReturn, Optional

torch: Any = importlib.import_module("torch")
_FunctionMode: Any = importlib.import_module("torch.overrides").TorchFunctionMode
_DispatchMode: Any = importlib.import_module("torch.utils._python_dispatch").TorchDispatchMode

# The rule beside those of its statements: what is compared are finite numbers. A bound that overflowed takes whatever did.
NUMBERS = "numbers"
# Where it asks by what it returns.
RETURNED = "returned"
# Whose operands are not finite where a comparison says nothing.
_COMPARES = frozenset(("gt", "lt", "ge", "le", "eq", "ne"))
# Whose results have as many elements as values say. Only what is told of wrong outputs is made of them.
_COUNTS = frozenset(("nonzero", "argwhere", "masked_select", "unique", "unique_consecutive"))
_READS = frozenset(("tolist", "numpy", "__int__", "__float__", "__index__", "__complex__", "__array__"))
# What is on the device stays there.
_SAME_PLACE = ("cpu", "cuda")
_TORCH = str(Path(torch.__file__).parent)


class OtherCheck(Exception):
    """It asks what cannot be asked, or goes another way than when it was imported; the message says what and where."""


class Statements:
    """Where a check asks something: the statement, which is the same whatever Python runs it."""

    def __init__(self) -> None:
        self._starts: dict[str, list[tuple[int, int]]] = {}

    def here(self) -> str:
        """ "reference_142" of line 142 of reference.py """
        frame: Any = sys._getframe(1)
        while frame.f_back is not None and (frame.f_code.co_filename == __file__ or frame.f_code.co_filename.startswith(_TORCH)):
            frame = frame.f_back
        file = Path(frame.f_code.co_filename)
        return f"{file.stem}_{self._start_of(str(file), frame.f_lineno)}"

    def _start_of(self, file: str, line: int) -> int:
        if file not in self._starts:
            try:
                tree: Optional[ast.Module] = ast.parse(Path(file).read_text())
            except (OSError, SyntaxError, ValueError):
                tree = None
            found = [one for one in ast.walk(tree) if isinstance(one, ast.stmt)] if tree else []
            self._starts[file] = [(one.lineno, one.end_lineno or one.lineno) for one in found]
        return max((first for first, last in self._starts[file] if first <= line <= last), default=line)


class Asked:
    """A check that is run. `passes`: how each question is answered where outputs are right, by its statement; None: as it is, to learn that.

    Modes: asking (values are read, and the answers kept) or not (none is read, and each answer is a rule).
    """

    def __init__(self, passes: Optional[Mapping[str, bool]]) -> None:
        self._passes = passes
        self._statements = Statements()
        # A value is read to learn an answer: that is no question of the check.
        self.is_reading = False
        # What was refused first: the check may have caught that, and gone on.
        self.refused: Optional[OtherCheck] = None
        self.answers: dict[str, set[bool]] = {}
        self.rules: dict[str, list[Any]] = {}

    def decide(self, value: Any, place: str = "") -> bool:
        """`place`: where it asks; the statement that is run, where there is none."""
        place = place or self._statements.here()
        if self._passes is None:
            answer = self._read(value)
            self.answers.setdefault(place, set()).add(answer)
            return answer
        if place not in self._passes:
            self._end(f"it asks something at {place} that it did not ask when it was imported")
        answer = self._passes[place]
        asked = value.reshape(()).bool()
        self.rules.setdefault(place, []).append(asked if answer else asked.logical_not())
        return answer

    def _read(self, value: Any) -> bool:
        self.is_reading = True
        try:
            return bool(value.item())
        finally:
            self.is_reading = False

    def be_numbers(self, operands: Sequence[Any]) -> None:
        for one in operands:
            if isinstance(one, torch.Tensor) and one.is_floating_point() and one.device.type != "meta":
                self.rules.setdefault(NUMBERS, []).append(torch.isfinite(one).all())

    def refuse(self, what: str) -> NoReturn:
        self._end(f"{what} at {self._statements.here()}: what follows would be of these outputs alone")

    def _end(self, message: str) -> NoReturn:
        error = OtherCheck(message)
        self.refused = self.refused or error
        raise error


class Value:
    """A number or a flag that a check believes to have read. It is on the device."""

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __init__(self, asked: Asked, tensor: Any) -> None:
        self._asked = asked
        # As wide as Python's.
        self.tensor = tensor if tensor.is_complex() else tensor.double() if tensor.is_floating_point() else tensor.long()

    def __bool__(self) -> bool:
        return self._asked.decide(self.tensor != 0)

    def __format__(self, _spec: str) -> str:
        return "?"

    def __repr__(self) -> str:
        return "?"

    def _refused(self, *_: Any) -> NoReturn:
        self._asked.refuse("it reads a number")

    __int__ = __float__ = __index__ = __round__ = __trunc__ = __floor__ = __ceil__ = _refused


def _with_operators() -> None:
    """As of numbers, and on the device."""

    def calculating(name: str, *, is_turned: bool) -> Callable[..., Value]:
        calculate = getattr(operator, name)

        def calculated(value: Value, *others: Any) -> Value:
            operands = [one.tensor if isinstance(one, Value) else one for one in (value, *others)]
            if name == "truediv" or any(isinstance(one, float) for one in operands):
                # Whole numbers would become f32.
                operands = [one.double() if isinstance(one, torch.Tensor) and not one.is_complex() else one for one in operands]
            return Value(value._asked, calculate(*(operands[::-1] if is_turned else operands)))

        return calculated

    for name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "abs", "add", "sub", "mul", "truediv"):
        setattr(Value, f"__{name}__", calculating(name, is_turned=False))
    for name in ("add", "sub", "mul", "truediv"):
        setattr(Value, f"__r{name}__", calculating(name, is_turned=True))


_with_operators()


class _Unread:
    """What is found in wrong outputs alone."""

    def __init__(self, asked: Asked, what: str) -> None:
        self._asked, self._what = asked, what

    def _refused(self, *_: Any) -> NoReturn:
        self._asked.refuse(f"it uses what {self._what} found")

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = _refused


def _decided(asked: Asked, args: Any, _named: Any) -> bool:
    return asked.decide(args[0] != 0)


def _are_close(asked: Asked, args: Any, named: Any) -> Value:
    return Value(asked, torch.isclose(*args, **named).all())


def _are_equal(asked: Asked, args: Any, _named: Any) -> Any:
    return Value(asked, (args[0] == args[1]).all()) if args[0].shape == args[1].shape else False


# What is believed to have been read, by the name of what reads it.
_ASKS: dict[str, Callable[[Asked, Any, Any], Any]] = {
    "item": lambda asked, args, _named: Value(asked, args[0]),
    **dict.fromkeys(("__bool__", "is_nonzero"), _decided),
    "allclose": _are_close,
    "equal": _are_equal,
    **dict.fromkeys(("__format__", "__repr__", "__str__"), lambda _asked, _args, _named: "?"),
}


class _Functions(_FunctionMode):
    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, named, asked = getattr(func, "__name__", ""), kwargs or {}, self._asked
        if asked.is_reading:
            return func(*args, **named)
        if name in _ASKS:
            return _ASKS[name](asked, args, named)
        if name in _COUNTS or (name == "__getitem__" and _is_mask(args[1])):
            return _Unread(asked, name)
        if name in _READS:
            asked.refuse(f"it reads values ({name})")
        return args[0] if name in _SAME_PLACE and isinstance(args[0], torch.Tensor) else func(*args, **named)


def _is_mask(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(one, torch.Tensor) and one.dtype in (torch.bool, torch.uint8) for one in parts)


class _Operations(_DispatchMode):
    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if hasattr(func, "_schema") and str(func._schema.name).rsplit("::", 1)[-1].rstrip("_") in _COMPARES:
            self._asked.be_numbers(args)
        return func(*args, **(kwargs or {}))


def _run(check: Callable[[Any, Any], Any], data: Any, output: Any, asked: Asked) -> None:
    """OtherCheck unless it passes these outputs."""
    with torch.no_grad(), _Operations(asked), _Functions(asked):
        returned = check(data, output)
        good = returned[0] if isinstance(returned, tuple) and returned else returned
        if isinstance(good, (Value, torch.Tensor)):
            passes = asked.decide((good.tensor if isinstance(good, Value) else good) != 0, RETURNED)
        else:
            passes = good is True or (isinstance(good, str) and good == "")
    if asked.refused:
        raise asked.refused
    if not passes:
        raise OtherCheck(f"it does not pass: it returns {str(returned)[:200]}")


def answers_of(check: Callable[[Any, Any], Any], data: Any, output: Any) -> dict[str, set[bool]]:
    """How its questions are answered where `output` is right. Values are read."""
    asked = Asked(None)
    _run(check, data, output, asked)
    return asked.answers


def room(like: Any) -> Any:
    """For what a task is handed to write its results to: not these."""
    return torch.zeros_like(like)


def checked(check: Callable[[Any, Any], Any], data: Any, output: Any, passes: Mapping[str, bool]) -> dict[str, Any]:
    """Each rule, and whether it holds. `passes`: how its questions are answered where outputs are right."""
    asked = Asked(passes)
    _run(check, data, output, asked)
    if not any(place in asked.rules for place in passes):
        raise OtherCheck("it asks nothing of these outputs")
    first = output if isinstance(output, torch.Tensor) else next(iter(output.values() if isinstance(output, dict) else output))
    always = torch.ones((), dtype=torch.bool, device=first.device)
    return {name: torch.stack([always, *asked.rules.get(name, [])]).all() for name in [*passes, NUMBERS]}
