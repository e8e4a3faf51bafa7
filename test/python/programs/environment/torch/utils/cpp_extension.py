"""Stands for torch.utils.cpp_extension in tests: what it loads is no module of Python but a library."""
import os
import subprocess
from collections.abc import Sequence
from typing import Optional, Union


def load_inline(
    name: str, cpp_sources: Union[str, Sequence[str]], functions: Optional[Sequence[str]] = None, extra_cflags: Optional[Sequence[str]] = None,
    build_directory: Optional[str] = None, verbose: bool = False, is_python_module: bool = True,
) -> None:
    sources = [cpp_sources] if isinstance(cpp_sources, str) else list(cpp_sources)
    folder = build_directory or os.path.join(os.environ["TORCH_EXTENSIONS_DIR"], name)
    path = os.path.join(folder, "main.cpp")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(sources))
    _build(name, [path], list(extra_cflags or ()), folder)


def load(
    name: str, sources: Sequence[str], extra_cflags: Optional[Sequence[str]] = None, build_directory: Optional[str] = None, verbose: bool = False,
    is_python_module: bool = True,
) -> None:
    _build(name, list(sources), list(extra_cflags or ()), build_directory or os.path.join(os.environ["TORCH_EXTENSIONS_DIR"], name))


def _build(name: str, sources: list[str], flags: list[str], folder: str) -> None:
    library = os.path.join(folder, f"{name}.so")
    done = subprocess.run(["g++", "-shared", "-fPIC", *flags, "-o", library, *sources], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"Error building extension '{name}': {done.stdout}{done.stderr}")
    with open(os.environ.get("STAND_IN_COUNT", os.devnull), "a", encoding="ascii") as file:
        file.write("built\n")
    from torch import ops

    ops.load_library(library)
