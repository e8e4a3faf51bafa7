"""Style of Python files, for machines without a linter: python_style.py FILE... prints `path:line: finding` and exits 1 if there is any."""
from __future__ import annotations

import ast
import sys
from typing import Iterator, Set, Tuple

LINE_CHARS_MAX = 150
FUNCTION_LINES_MAX = 70
OLDEST_PYTHON = (3, 9)
Finding = Tuple[int, str]


def used_names(tree: ast.Module) -> Set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    # Annotations in quotes, and __all__, name things as text.
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return names | {word for text in texts if len(text) < 200 for word in text.replace("[", " ").replace("]", " ").replace(",", " ").split()}


def unused_imports(tree: ast.Module) -> Iterator[Finding]:
    used = used_names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)) or getattr(node, "module", None) == "__future__":
            continue
        for alias in node.names:
            name = (alias.asname or alias.name).split(".")[0]
            if name not in used:
                yield node.lineno, f"{name} is imported and not used"


def is_method(function: ast.AST, tree: ast.Module) -> bool:
    return any(function in node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def missing_hints(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args][1 if is_method(node, tree) else 0 :]
        bare = [argument.arg for argument in [*arguments, *node.args.kwonlyargs] if argument.annotation is None]
        if bare:
            yield node.lineno, f"{node.name}: no type for {', '.join(bare)}"
        if node.returns is None:
            yield node.lineno, f"{node.name}: no type for what it returns"


def new_unions(tree: ast.Module) -> Iterator[Finding]:
    """`X | None` in an annotation is an error in Python 3.9, unless annotations are not evaluated."""
    if any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body):
        return
    for node in ast.walk(tree):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None and any(isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr) for part in ast.walk(annotation)):
                yield annotation.lineno, "`|` between types needs `from __future__ import annotations` in Python 3.9"


def hazards(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "a bare except also catches the end of the process"
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(isinstance(default, (ast.List, ast.Dict, ast.Set)) for default in node.args.defaults):
                yield node.lineno, f"{node.name}: a default that can change is shared between calls"
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name}: {length} lines, more than {FUNCTION_LINES_MAX}"


def long_lines(text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_CHARS_MAX:
            yield number, f"{len(line)} characters, more than {LINE_CHARS_MAX}"
        if line != line.rstrip():
            yield number, "ends in spaces"


def findings_of(path: str) -> Iterator[Finding]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    tree = ast.parse(text, path, feature_version=OLDEST_PYTHON)
    yield from long_lines(text)
    for rule in (unused_imports, missing_hints, new_unions, hazards):
        yield from rule(tree)


def main(paths: list[str]) -> int:
    findings = [f"{path}:{line}: {text}" for path in paths for line, text in sorted(findings_of(path))]
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
