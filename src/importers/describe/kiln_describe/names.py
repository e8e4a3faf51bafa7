"""What a file calls its tensors, read without running it."""
import ast
from typing import Optional


def unpacked_names(source: str, function: str) -> list[str]:
    """Of `A, B, out = data` in a function of one argument, with which it takes its data apart; none where it does not."""
    found = _function(ast.parse(source), function)
    if found is None or not found.args.args:
        return []
    given = found.args.args[0].arg
    for one in ast.walk(found):
        if isinstance(one, ast.Assign) and isinstance(one.value, ast.Name) and one.value.id == given and isinstance(one.targets[0], ast.Tuple):
            names = [target.id if isinstance(target, ast.Name) else "" for target in one.targets[0].elts]
            return names
    return []


def argument_names(source: str, owner: str, function: str) -> list[str]:
    """Of a method, without self."""
    tree = ast.parse(source)
    inside = next((one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == owner), None)
    found = _function(inside, function) if inside else None
    return [one.arg for one in found.args.args[1:]] if found else []


def _function(tree: "ast.Module | ast.ClassDef", name: str) -> Optional[ast.FunctionDef]:
    return next((one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name), None)
