"""What the build stage keeps of a program, and how it is found again in the program's sandbox, where no compiler can be started."""
import json
import os
import sys
from pathlib import Path

from kiln_runner.programs.extensions import Built, Extensions
from kiln_runner.programs.triton_kernels import prepared

# Of the artifact: {extensions: hash of what was asked for -> {name, file}, triton: place in the cache -> file, tritonFailures: key of a kernel ->
# what its compiler said, finishesInRecorder}.
FACTS = "program.json"
EXTENSIONS, TRITON_CACHE = "extensions", "triton"
_GROUP = "/__grp__"


def read(artifact: Path) -> dict[str, bytes]:
    """For the zygote: what a program is to have, before its copy is confined. The artifact itself is closed to programs, and stays as it is."""
    return {path.name: path.read_bytes() for path in artifact.iterdir() if path.is_file()}


def restore(folder: str, files: dict[str, bytes], root: str) -> dict[str, str]:
    """In the sandbox, before the program's own files, in `root`, are imported. Returns which kernels of Triton's failed to compile, and why."""
    facts = json.loads(files[FACTS])
    built: dict[str, Built] = {}
    for key, entry in facts["extensions"].items():
        # Under the name that it was linked by.
        place = _write(files[entry["file"]], os.path.join(folder, EXTENSIONS, key, f"{entry['name']}.so"))
        built[key] = Built(entry["name"], place)
    cache = os.path.join(folder, TRITON_CACHE)
    for path, content in {**prepared, **{path: files[name] for path, name in facts["triton"].items()}}.items():
        _write(_moved(content, os.path.join(cache, os.path.dirname(path))) if _GROUP in path else content, os.path.join(cache, path))
    os.environ["TRITON_CACHE_DIR"] = cache
    extension = sys.modules.get("torch.utils.cpp_extension")
    if extension is not None:
        Extensions(root).serve(extension, built)
    return facts.get("tritonFailures", {})


def _moved(group: bytes, folder: str) -> bytes:
    """Triton's list of the files of one kernel has their whole paths: where they were compiled."""
    listed = json.loads(group)
    listed["child_paths"] = {name: os.path.join(folder, os.path.basename(path)) for name, path in listed["child_paths"].items()}
    return json.dumps(listed).encode()


def _write(content: bytes, place: str) -> str:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    with open(place, "wb") as file:
        file.write(content)
    return place
