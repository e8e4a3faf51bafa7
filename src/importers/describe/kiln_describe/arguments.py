"""What a model is made with, as text holds it."""
import math
from typing import Any, cast

from kiln_describe.refused import Refused

# Whoever reads JSON in another language takes 1.0 for 1.
WHOLE_FLOAT = "$float"


def plain_arguments(values: Any, what: str) -> Any:
    """As text holds them: tuples as lists, 1.0 as {"$float": 1}. Refused: anything else."""
    if values is None or isinstance(values, (bool, str, int)):
        return values
    if isinstance(values, float) and math.isfinite(values):
        return {WHOLE_FLOAT: values} if values.is_integer() else values
    if isinstance(values, (list, tuple)):
        return [plain_arguments(one, f"{what}[{index}]") for index, one in enumerate(cast(list[Any], values))]
    if isinstance(values, dict):
        named = cast(dict[Any, Any], values)
        if all(isinstance(key, str) for key in named):
            return {key: plain_arguments(one, f"{what}[{key}]") for key, one in named.items()}
    raise Refused(f"{what} is {type(values).__name__}; numbers, text, true, false, null, lists and dicts can be written down")


def given_arguments(plain: Any) -> Any:
    """As a constructor gets what `plain_arguments` wrote down."""
    if isinstance(plain, list):
        return [given_arguments(one) for one in cast(list[Any], plain)]
    if isinstance(plain, dict):
        named = cast(dict[str, Any], plain)
        return float(named[WHOLE_FLOAT]) if named.keys() == {WHOLE_FLOAT} else {key: given_arguments(one) for key, one in named.items()}
    return plain
