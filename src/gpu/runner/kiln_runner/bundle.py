"""An artifact as one block of bytes, for its way to another host: a plain tar of its files, bounded, and read without trust."""
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any, NamedTuple, Optional, cast

from kiln_runner.compile.artifact import ArtifactMeta

# As in src/domain/protocol.ts.
BUNDLE_BYTES_MAX = 16 * 1024 * 1024
FILES_MAX = 256
META = "meta.json"
# Names of plain files, none of them hidden: nothing that a folder could be left by.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
# Code for a processor runs in the judge's process, and only on processors like the one it was made for. What programs build runs in their
# sandbox, and the names of their compilers tell kinds of processors apart.
LANGUAGES = ("cuda", "triton", "python")


class BundleError(ValueError):
    """It cannot travel; the message says why."""


class Contents(NamedTuple):
    meta: ArtifactMeta
    files: dict[str, bytes]


def pack(folder: Path) -> bytes:
    """The same files give the same bytes. OSError where they cannot be read; BundleError when they are too large."""
    paths = sorted(folder.iterdir())
    size = sum(path.stat().st_size for path in paths)
    if size > BUNDLE_BYTES_MAX or len(paths) > FILES_MAX:
        raise _too_large(size, len(paths))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in paths:
            content = path.read_bytes()
            entry = tarfile.TarInfo(path.name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    if packed.tell() > BUNDLE_BYTES_MAX:
        raise _too_large(packed.tell(), len(paths))
    return packed.getvalue()


def unpack(packed: bytes) -> Contents:
    """Nothing is written: the files come as bytes. BundleError for anything that `pack` does not make."""
    if len(packed) > BUNDLE_BYTES_MAX:
        raise _too_large(len(packed), 0)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
            files = _files(tar)
    except (tarfile.TarError, EOFError, UnicodeError) as error:
        raise BundleError(f"it is no tar: {error}") from error
    return Contents(_meta(files.pop(META, None), files), files)


def _files(tar: tarfile.TarFile) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for entry in tar:
        if not entry.isreg() or not _NAME.fullmatch(entry.name) or entry.name in files:
            raise BundleError(f"entry {entry.name[:80]!r} is no plain file with a name of its own")
        # What an entry says of its size may be more than the whole bundle holds: a sparse file.
        if entry.size > BUNDLE_BYTES_MAX or entry.issparse() or len(files) >= FILES_MAX:
            raise BundleError(f"entry {entry.name!r} of {entry.size} bytes is too much")
        content = tar.extractfile(entry)
        files[entry.name] = content.read() if content is not None else b""
    return files


def _meta(text: Optional[bytes], files: dict[str, bytes]) -> ArtifactMeta:
    try:
        meta: Any = json.loads(text or b"")
    except (ValueError, RecursionError) as error:
        raise BundleError(f"its {META} is missing or does not parse") from error
    reported = ("language", "architecture", "compiler", "log", "kernels", "resources")
    if not isinstance(meta, dict) or any(field not in meta for field in reported) or not isinstance(meta["kernels"], dict):
        raise BundleError(f"its {META} lacks one of {', '.join(reported)}")
    if meta["language"] not in LANGUAGES:
        raise BundleError(f"code in {meta['language']} belongs to the host it was made on; only {' and '.join(LANGUAGES)} travel")
    if not files:
        raise BundleError("it has no code")
    return cast(ArtifactMeta, meta)


def _too_large(size: int, files: int) -> BundleError:
    return BundleError(f"{size} bytes in {files} files; at most {BUNDLE_BYTES_MAX} bytes in {FILES_MAX} files travel")
