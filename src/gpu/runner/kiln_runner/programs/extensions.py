"""Extensions of PyTorch that a program builds while it is imported: `load_inline` and `load` of torch.utils.cpp_extension.

In the build stage they build as ever, each into a folder of its own, and what came of them is kept under the hash of what was asked for. In a
program's sandbox, where no compiler can be started, the same call finds what was built by that hash.
"""
import functools
import hashlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional, cast

NAMES = ("load_inline", "load")
# Where and how it is built changes nothing of what it is.
_OF_THE_BUILD = ("build_directory", "verbose")
_KEY_CHARS = 32


class BuildFailed(Exception):
    """A compiler refused it; the message is the compiler's."""


class Built(NamedTuple):
    name: str
    path: str


class Extensions:
    """`built`: hash of what was asked for -> the shared object. `failures`: logs of builds that failed, in order."""

    def __init__(self, root: str) -> None:
        """`root`: the program's folder; files are told apart by their content, not by where they are."""
        self._root = root
        self.built: dict[str, Built] = {}
        self.failures: list[str] = []

    def keep(self, extension: Any, folder: str) -> None:
        """From now on what `extension` (torch.utils.cpp_extension) builds is kept, below `folder`."""
        for name in NAMES:
            original = getattr(extension, name, None)
            if original is not None:
                setattr(extension, name, functools.wraps(original)(functools.partial(self._build, name, original, folder)))

    def serve(self, extension: Any, built: dict[str, Built]) -> None:
        """From now on `extension` builds nothing and finds what is in `built`."""
        for name in NAMES:
            original = getattr(extension, name, None)
            if original is not None:
                setattr(extension, name, functools.wraps(original)(functools.partial(self._find, name, original, built)))

    def key_of(self, function: str, original: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> str:
        bound = inspect.signature(original).bind(*args, **kwargs)
        asked = {name: self._plain(value) for name, value in bound.arguments.items() if name not in _OF_THE_BUILD}
        return hashlib.sha256(json.dumps([function, asked], sort_keys=True).encode()).hexdigest()[:_KEY_CHARS]

    def _build(self, function: str, original: Callable[..., Any], folder: str, *args: Any, **kwargs: Any) -> Any:
        key = self.key_of(function, original, args, kwargs)
        place = os.path.join(folder, key)
        os.makedirs(place, exist_ok=True)
        try:
            module = original(*args, **{**kwargs, "build_directory": place})
        except Exception as error:
            self.failures.append(f"{error}")
            raise
        found = sorted(name for name in os.listdir(place) if name.endswith(".so"))
        if found:
            self.built[key] = Built(found[-1][: -len(".so")], os.path.join(place, found[-1]))
        return module

    def _find(self, function: str, original: Callable[..., Any], built: dict[str, Built], *args: Any, **kwargs: Any) -> Any:
        found = built.get(self.key_of(function, original, args, kwargs))
        if found is None:
            raise BuildFailed(f"{function} asks for an extension that was not built when the program was imported; call it at the top of the file")
        bound = inspect.signature(original).bind(*args, **kwargs).arguments
        if bound.get("is_python_module", True):
            return load_module(found)
        import torch

        torch.ops.load_library(found.path)
        return None

    def _plain(self, value: Any) -> Any:
        """JSON of an argument. A file of the program is its content."""
        if isinstance(value, dict):
            return {str(key): self._plain(item) for key, item in cast(dict[Any, Any], value).items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(item) for item in cast(Sequence[Any], value)]
        if isinstance(value, str):
            return self._content_of(value) or value
        return value if value is None or isinstance(value, (bool, int, float)) else repr(value)

    def _content_of(self, value: str) -> Optional[str]:
        path = os.path.normpath(os.path.join(self._root, value))
        if len(value) > os.pathconf("/", "PC_PATH_MAX") or "\0" in value or not path.startswith(self._root + os.sep) or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return f"{os.path.basename(path)} {hashlib.sha256(file.read()).hexdigest()}"


def load_module(built: Built) -> Any:
    spec = importlib.util.spec_from_file_location(built.name, built.path)
    if spec is None or spec.loader is None:
        raise BuildFailed(f"{built.path} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[built.name] = module
    spec.loader.exec_module(module)
    return module
