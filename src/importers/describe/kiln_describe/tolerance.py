"""How exact a result must be, read from a file without running it: the checks of GPU MODE's tasks."""
import ast
from typing import Any, Optional

CHECK = "check_implementation"
_CLOSE = ("make_match_reference", "match_reference", "verbose_allclose")
_EQUAL = ("verbose_allequal",)
_USUAL = {"rtol": 1e-5, "atol": 1e-8}


def tolerance_of(source: str) -> dict[str, Any]:
    """{"rtol", "atol"}; {"equal": true}; or {"own": why it is none of these}."""
    found = _definition(ast.parse(source))
    if found is None:
        return {"own": f"{CHECK} is not there"}
    calls = [one for one in ast.walk(found) if isinstance(one, ast.Call)]
    known = [one for one in calls if _name(one) in (*_CLOSE, *_EQUAL)]
    if not known:
        return {"own": f"{CHECK} compares in a way of its own (line {found.lineno})"}
    if isinstance(found, ast.FunctionDef) and (why := _beside(found)):
        return {"own": f"{CHECK} {why}"}
    told = [{"equal": True} if _name(call) in _EQUAL else _numbers(call) for call in known]
    # Each output by itself, all as exactly: one tolerance says the same.
    if len(known) > 1 and not (isinstance(found, ast.FunctionDef) and _each_output_once(found, known) and told.count(told[0]) == len(told)):
        return {"own": f"{CHECK} compares several times (line {found.lineno})"}
    return told[0]


def _each_output_once(function: ast.FunctionDef, calls: list[ast.Call]) -> bool:
    """What is compared are the parts that the function's second argument is unpacked into, each in one call."""
    if len(function.args.args) < 2:
        return False
    output = function.args.args[1].arg
    parts = [
        [part.id for part in ast.walk(one.targets[0]) if isinstance(part, ast.Name)]
        for one in ast.walk(function)
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Name) and one.value.id == output and isinstance(one.targets[0], ast.Tuple)
    ]
    compared = [name for call in calls if call.args and (name := _as_numbers(call.args[0])) is not None]
    return len(parts) == 1 and len(compared) == len(calls) and sorted(compared) == sorted(parts[0])


def _as_numbers(value: ast.expr) -> Optional[str]:
    """ "x" of `x`, and of `x.float()`: what is compared is always numbers."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "float" and not value.args:
        value = value.func.value
    return value.id if isinstance(value, ast.Name) else None


def _definition(tree: ast.Module) -> Optional[ast.stmt]:
    for one in reversed(tree.body):
        if isinstance(one, ast.FunctionDef) and one.name == CHECK:
            return one
        if isinstance(one, ast.Assign) and any(isinstance(target, ast.Name) and target.id == CHECK for target in one.targets):
            return one
    return None


def _beside(function: ast.FunctionDef) -> Optional[str]:
    """A loop or a branch that is more than "are there complaints" makes it another check."""
    for one in ast.walk(function):
        if isinstance(one, (ast.For, ast.While, ast.Try, ast.With)):
            return f"does more than compare (line {one.lineno})"
    return None


def _numbers(call: ast.Call) -> dict[str, Any]:
    found: dict[str, Any] = dict(_USUAL)
    for keyword in call.keywords:
        if keyword.arg not in _USUAL:
            continue
        value = _constant(keyword.value)
        if value is None:
            return {"own": f"{keyword.arg} is computed (line {call.lineno})"}
        found[keyword.arg] = value
    return found


def _constant(node: ast.expr) -> Optional[float]:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _name(call: ast.Call) -> str:
    function = call.func
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
