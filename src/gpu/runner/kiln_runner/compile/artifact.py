"""What an artifact is called and how it gets into the cache whole."""
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from typing import TypedDict

from kiln_runner.protocol import CompileUnit, KernelResources

# Raise when the meaning of an artifact changes (options, files, meta.json): old ones are then no longer found.
COMPILE_FORMAT = 2
# Files from this size on are one file on disk for all artifacts that hold the same: in this folder beside them, by their SHA-256.
SHARED, SHARED_BYTES_LEAST = ".shared", 1024 * 1024


class KernelFacts(TypedDict, total=False):
    """What a judge must know of a kernel, as far as its compiler has something to tell: `symbol` where it is not the name; of Triton the warps,
    the dynamic shared memory and what its hidden arguments are."""

    file: str
    symbol: str
    shared: int
    numWarps: int
    hidden: list[str]


class _ArtifactMeta(TypedDict):
    language: str
    architecture: str
    kernels: dict[str, KernelFacts]
    compiler: str
    log: str
    resources: dict[str, KernelResources]


class ArtifactMeta(_ArtifactMeta, total=False):
    """meta.json of an artifact. `sha256`: of its files, by their names. `finishesInRecorder`: as in the protocol."""

    sha256: dict[str, str]
    finishesInRecorder: bool


def artifact_hash(unit: CompileUnit, compiler: str) -> str:
    """Hash of everything that can change the code. `compiler` tells versions, and the processor where code is native to it."""
    key = {"unit": unit, "compiler": compiler, "format": COMPILE_FORMAT}
    return hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def store_artifact(artifacts: Path, artifact: str, meta: ArtifactMeta, files: dict[str, bytes]) -> None:
    """Writes into a folder beside its place, then renames: other processes see the whole artifact or none. Paths are text here: every point of a
    sweep comes by, and a Path costs as much as the call that it is for."""
    unfinished = f"{artifacts}/.{artifact[:16]}-{os.getpid()}-{threading.get_ident()}"
    os.mkdir(unfinished, 0o700)
    # By these a judge tells a file that the disk has spoilt from code that was never any good.
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    try:
        for name, content in files.items():
            if len(content) < SHARED_BYTES_LEAST:
                _write(f"{unfinished}/{name}", content)
            else:
                _share(f"{artifacts}/{SHARED}", sha256[name], f"{unfinished}/{name}", content)
        _write(f"{unfinished}/meta.json", json.dumps({**meta, "sha256": sha256}).encode())
        os.rename(unfinished, f"{artifacts}/{artifact}")
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        # Somebody else was first with the same content.
        if not (artifacts / artifact / "meta.json").exists():
            raise


def _share(shared: str, digest: str, path: str, content: bytes) -> None:
    """Libraries' binaries and a model's weights come with every recording of them."""
    try:
        os.link(f"{shared}/{digest}", path)
        return
    except OSError:
        # Not there, gone meanwhile, or a file system without links.
        _write(path, content)
    try:
        os.makedirs(shared, mode=0o700, exist_ok=True)
        os.link(path, f"{shared}/{digest}")
    except OSError:
        # Somebody else was first, or it cannot be: then it is this artifact's own.
        pass


def _write(path: str, content: bytes) -> None:
    with open(path, "wb", buffering=0) as file:
        written = file.write(content)
        while written < len(content):
            written += file.write(content[written:])
