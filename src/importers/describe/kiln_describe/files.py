"""Imports a person's file, with the files beside it."""
import importlib.util
import sys
from pathlib import Path
from typing import Any

from kiln_describe.inputs import redirected, said
from kiln_describe.lines import Lines
from kiln_describe.refused import Refused


def load(path: Path, lines: Lines, wanted: tuple[str, ...]) -> Any:
    """The module; Refused where it cannot be imported, or `wanted` is not in it."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Refused(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        with redirected("cpu"):
            spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise Refused(f"it needs the package {error.name}, which this Python does not have") from error
    except SystemExit as error:
        raise Refused("it ends its process while it is imported") from error
    except Exception as error:
        raise Refused(f"it cannot be imported: {said(error, lines)}") from error
    missing = [name for name in wanted if not callable(getattr(module, name, None))]
    if missing:
        raise Refused(f"{path.name} defines no {' and no '.join(missing)}")
    return module
