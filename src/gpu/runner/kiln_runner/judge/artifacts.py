"""Compiled artifacts in the runner's cache: `<cache>/artifacts/<hash>/` with meta.json and code files. Read only."""
import hashlib
import json
from pathlib import Path

from ..compile.artifact import ArtifactMeta, KernelFacts
from .failures import InfraFailure

DEFAULT_FILES = ("code.cubin", "code.so")


class Artifact:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self._meta: ArtifactMeta = json.loads((folder / "meta.json").read_text())
        except (OSError, ValueError) as error:
            raise InfraFailure("unknown_artifact", f"artifact {folder.name} is not in the cache of this host: {error}") from error

    def kernel(self, name: str) -> KernelFacts:
        """What the compiler told of a kernel."""
        return self._meta.get("kernels", {}).get(name, {})

    def is_as_made(self, file: Path, content: bytes) -> bool:
        """False where the compiler made it otherwise, or did not say."""
        return self._meta.get("sha256", {}).get(file.name) == hashlib.sha256(content).hexdigest()

    def file_of(self, kernel: str) -> Path:
        return self._path(self.kernel(kernel).get("file") or self._default())

    def code_files(self) -> list[Path]:
        named = {kernel["file"] for kernel in self._meta.get("kernels", {}).values() if "file" in kernel}
        return [self._path(name) for name in sorted(named | ({self._default()} if self._has_default() else set()))]

    def _has_default(self) -> bool:
        return any((self.folder / name).exists() for name in DEFAULT_FILES)

    def _default(self) -> str:
        for name in DEFAULT_FILES:
            if (self.folder / name).exists():
                return name
        return next((k["file"] for k in self._meta.get("kernels", {}).values() if "file" in k), DEFAULT_FILES[0])

    def _path(self, name: str) -> Path:
        if not (self.folder / name).is_file():
            raise InfraFailure("unknown_artifact", f"artifact {self.folder.name} has no file {name}")
        return self.folder / name


def open_artifact(cache: Path, content_hash: str) -> Artifact:
    return Artifact(cache / "artifacts" / content_hash)
