"""What the build stage keeps of a program, and how it is found again in the program's sandbox, where no compiler can be started."""
import json
import os
import sys
from pathlib import Path

from kiln_runner.programs.extensions import Built, Extensions

# Of the artifact: {extensions: hash of what was asked for -> {name, file}, triton: place in the cache -> file, finishesInRecorder}.
FACTS = "program.json"
EXTENSIONS, TRITON_CACHE = "extensions", "triton"


def read(artifact: Path) -> dict[str, bytes]:
    """For the zygote: what a program is to have, before its copy is confined. The artifact itself is closed to programs, and stays as it is."""
    return {path.name: path.read_bytes() for path in artifact.iterdir() if path.is_file()}


def restore(folder: str, files: dict[str, bytes], root: str) -> None:
    """In the sandbox, before the program's own files, in `root`, are imported."""
    facts = json.loads(files[FACTS])
    built: dict[str, Built] = {}
    for key, entry in facts["extensions"].items():
        # Under the name that it was linked by.
        place = _write(files[entry["file"]], os.path.join(folder, EXTENSIONS, key, f"{entry['name']}.so"))
        built[key] = Built(entry["name"], place)
    for path, name in facts["triton"].items():
        _write(files[name], os.path.join(folder, TRITON_CACHE, path))
    os.environ["TRITON_CACHE_DIR"] = os.path.join(folder, TRITON_CACHE)
    extension = sys.modules.get("torch.utils.cpp_extension")
    if extension is not None:
        Extensions(root).serve(extension, built)


def _write(content: bytes, place: str) -> str:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(content)
    return place
