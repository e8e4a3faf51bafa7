"""The files of a program candidate: their names are checked before they are written, and the entry is loaded as a module of its own name."""
import importlib.util
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, NamedTuple

FILES_MAX, FILES_BYTES_MAX = 32, 1024 * 1024
STYLES = {"custom_kernel": "custom_kernel", "model": "ModelNew", "function": "", "function_dps": ""}
# What a program finds itself in.
FOLDER = "program"
_PART = re.compile(r"(?a)[A-Za-z0-9_][\w.-]{0,99}")
_PARTS_MAX = 6
_SYMBOL = re.compile(r"(?a)[A-Za-z_]\w{0,127}")


class ProgramRefused(ValueError):
    """What is wrong with the files or the entry, in words for whoever wrote them."""


class Program(NamedTuple):
    """`files`: path -> text. `symbol`: what is called; `style` says how."""

    files: dict[str, str]
    entry: str
    symbol: str
    style: str


def program_of(reported: Any) -> Program:
    """From {files: [{path, content}], entry: {file, symbol, style}}. ProgramRefused names what is wrong."""
    try:
        listed = [(entry["path"], entry["content"]) for entry in reported["files"]]
        entry, symbol, style = (reported["entry"][name] for name in ("file", "symbol", "style"))
    except (TypeError, KeyError) as error:
        raise ProgramRefused(f"files and entry are needed: {error}") from error
    if not 1 <= len(listed) <= FILES_MAX:
        raise ProgramRefused(f"{len(listed)} files; 1 to {FILES_MAX} are allowed")
    for path, content in listed:
        _check_path(path)
        if not isinstance(content, str):
            raise ProgramRefused(f"{path} holds no text")
    files = dict(listed)
    if len({path.lower() for path in files}) != len(listed):
        raise ProgramRefused("two files of one name")
    if sum(len(content.encode("utf-8", "replace")) for content in files.values()) > FILES_BYTES_MAX:
        raise ProgramRefused(f"the files have more than {FILES_BYTES_MAX} bytes together")
    folders = {parent for path in files for parent in _parents(path)}
    if folders & set(files):
        raise ProgramRefused(f"{sorted(folders & set(files))[0]} is a file and a folder")
    if style not in STYLES:
        raise ProgramRefused(f"style must be one of {', '.join(STYLES)}")
    if entry not in files or not entry.endswith(".py"):
        raise ProgramRefused("entry.file must be one of the files, and Python")
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
        raise ProgramRefused("entry.symbol must be a name of Python")
    return Program(files, entry, symbol, style)


def write_files(program: Program, folder: str) -> str:
    """Returns the folder that they are in, a new one."""
    root = os.path.join(folder, FOLDER)
    for path, content in program.files.items():
        place = Path(root, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode("utf-8", "surrogatepass"))
    return root


def load_entry(program: Program, root: str) -> Callable[..., Any]:
    """Runs the entry file, which is the program's code, and returns what is to be called. For the sandbox only."""
    sys.path.insert(0, root)
    sys.argv = [os.path.join(root, program.entry)]
    module = _import(os.path.join(root, program.entry))
    found = getattr(module, program.symbol, None)
    if not callable(found):
        raise ProgramRefused(f"{program.entry} defines no {program.symbol} that can be called")
    return found


def load_anew(program: Program, root: str) -> Callable[..., Any]:
    """The same once more, with nothing of what its modules keep; those in binaries are shared by all."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.endswith(".py") and file.startswith(os.path.join(root, "")):
            del sys.modules[name]
    return load_entry(program, root)


def _import(path: str) -> ModuleType:
    name = Path(path).stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ProgramRefused(f"{os.path.basename(path)} is no module of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _check_path(path: Any) -> None:
    parts = path.split("/") if isinstance(path, str) else []
    if not 1 <= len(parts) <= _PARTS_MAX or not all(_PART.fullmatch(part) for part in parts):
        allowed = f"letters, digits, _, . and - in at most {_PARTS_MAX} parts are allowed, none hidden"
        raise ProgramRefused(f"a file is called {str(path)[:80]!r}; {allowed}")


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
