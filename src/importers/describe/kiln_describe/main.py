"""Reads the tasks, has a child describe each, and prints the answers."""
import json
import os
import sys
from pathlib import Path
from typing import Any

from kiln_describe.children import Bounds, answer_each

TASKS_MAX = 1000


def main(argv: list[str]) -> int:
    if len(argv) != 1:
        sys.stderr.write("usage: describe.py TASKS.json\n")
        return 2
    folder = Path(argv[0]).resolve().parent
    asked: dict[str, Any] = json.loads(Path(argv[0]).read_text())
    # No GPU, not even where there is one: the answers are the same everywhere.
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    complaint = _cannot()
    if complaint:
        return _say({"complaint": complaint, "python": sys.executable})
    import torch  # pyright: ignore[reportMissingImports] -- of the Python that this runs in

    tasks = [{**task, "file": str(folder / task["file"])} for task in asked["tasks"][:TASKS_MAX]]
    answers = answer_each(tasks, _describe, Bounds(seconds=asked["seconds"], memory_bytes=asked["memoryBytes"]))
    return _say({"torch": str(torch.__version__), "python": sys.executable, "answers": answers})  # pyright: ignore


def _say(answer: dict[str, Any]) -> int:
    """On the last line: whatever is imported may have printed before it."""
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    return 0


def _cannot() -> str:
    try:
        import torch  # pyright: ignore[reportMissingImports, reportUnusedImport] # noqa: F401
        import torch.utils._python_dispatch as dispatch  # pyright: ignore
    except ModuleNotFoundError as error:
        return f"it has no package {error.name}"
    except Exception as error:  # an installation may be broken in any way
        return f"PyTorch cannot be imported: {error}"
    return "" if hasattr(dispatch, "TorchDispatchMode") else "its PyTorch is older than 1.13"  # pyright: ignore


def _describe(task: dict[str, Any]) -> dict[str, Any]:
    from kiln_describe import gpumode, kernelbench
    from kiln_describe.redirect import pretend_gpu
    from kiln_describe.refused import Refused

    pretend_gpu()
    kinds = {"gpumode": gpumode.describe, "kernelbench": kernelbench.describe}
    try:
        return {"described": kinds[task["kind"]](task)}
    except Refused as refused:
        return {"refused": str(refused)}
