"""What an import makes of checks of a task's own, without a task: try_own_checks.py. Prints, of each, why it is refused, or its rules and whether the
wrong outputs beside it pass by them. `twice` is what is asked for: data times two.
"""
import json
import sys
from typing import Any, Callable

sys.path.insert(0, f"{__file__.rsplit('/test/', 1)[0]}/src/importers/describe")
from kiln_describe.framework import torch  # pyright: ignore
from kiln_describe.kiln_check import Asked, Value, checked  # pyright: ignore
from kiln_describe.lines import Lines  # pyright: ignore
from kiln_describe.own_check import OwnCheck  # pyright: ignore
from kiln_describe.refused import Refused  # pyright: ignore

N = 8


def twice(data: Any) -> Any:
    return 2 * data


def backward(data: Any, output: Any) -> Any:
    """Its bound grows with what it is shown."""
    if (output - 2 * data).norm() > 1e-4 * (output.norm() + data.norm()):
        return False, "too far off"
    return True, ""


def same_first(data: Any, output: Any) -> Any:
    if torch.equal(output, 2 * data):
        return True, ""
    if (output - 2 * data).abs().max() > 1e-3:
        return False, "too far off"
    return True, ""


def either_sign(data: Any, output: Any) -> Any:
    if output[0] < 0:
        output = -output
    if (output - 2 * data.abs()).abs().max() > 1e-3:
        return False, "too far off"
    return True, ""


def goes_on(data: Any, output: Any) -> Any:
    if output.abs().sum() == 0 or output[0] == 1:
        return False, "nothing was done"
    try:
        if int((output - 2 * data).abs().max()) > 0:
            return False, "too far off"
    except Exception:
        pass
    return True, ""


def in_place(data: Any, output: Any) -> Any:
    output -= 2 * data
    if output.abs().max() > 1e-3:
        return False, "too far off"
    return True, ""


def returns_value(data: Any, output: Any) -> Any:
    return torch.allclose(output, 2 * data, rtol=1e-4)


def returns_tensor(data: Any, output: Any) -> Any:
    return (output - 2 * data).abs().max() < 1e-3


def in_order(picked: Any, output: Any) -> bool:
    return bool((picked[1:] >= picked[:-1]).all()) and torch.equal(output.sort().values, torch.arange(N))


def looks_up(data: Any, output: Any) -> Any:
    return in_order(data[output], output)


def looks_up_inside(data: Any, output: Any) -> Any:
    return in_order(data[output.clamp(0, N - 1)], output)


# Outputs that are wrong.
LARGE, OFF = torch.full((N,), 2.0**96), torch.full((N,), 7.0)
TRIED: "list[tuple[Callable[[Any, Any], Any], Any]]" = [
    (backward, LARGE), (same_first, OFF), (either_sign, OFF), (goes_on, OFF), (in_place, OFF), (returns_value, OFF), (returns_tensor, OFF),
]
LOOK_UP = [looks_up, looks_up_inside]


def told(check: Callable[[Any, Any], Any], wrong: Any, reference: Callable[[Any], Any] = twice) -> Any:
    own, data = OwnCheck(check, "it has its own", Lines(__file__)), torch.arange(1.0, N + 1)
    try:
        own.learn(data, reference, tries=True)
        passes = own.passes()
    except Refused as refused:
        return str(refused)
    return {"rules": len(passes), "takes": all(bool(holds) for holds in checked(check, data, wrong, passes).values())}


def numbers() -> "dict[str, bool]":
    """What Python says of numbers that are too large for f32, and for the type that they are read from."""
    many, byte = (Value(Asked(None), one) for one in (torch.tensor(2**25 - 1), torch.tensor(255, dtype=torch.uint8)))
    asked = {"a share of all": many / 2**25 == 1, "half of all": many * 0.5 == 2**24, "one more than a byte": byte + 1 == 0}
    return {what: bool(value.tensor) for what, value in asked.items()}


found = {check.__name__: told(check, wrong) for check, wrong in TRIED}
found.update({check.__name__: told(check, torch.zeros(N, dtype=torch.int64), torch.argsort) for check in LOOK_UP})
print(json.dumps({**found, "numbers": numbers()}))
