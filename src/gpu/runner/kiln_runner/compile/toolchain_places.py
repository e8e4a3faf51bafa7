"""Which files and folders of the host belong to its compilers: what they need to see, beside the system's own libraries."""
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Optional

from kiln_runner.compile.tools import NvrtcTool, Tool, Tools
from kiln_runner.compile.view import SYSTEM

ASK_TIMEOUT_S = 30
_PARTS = ("bin", "lib", "lib32", "lib64", "libexec", "include", "share/cuda", "nvvm", "targets", "crt")
# Everything below these is packages that refer to each other by path.
_STORES = ("/nix/store", "/gnu/store")


def places_of(tools: Tools) -> list[str]:
    """`tools` as in the inventory: {gcc, nvrtc, nvcc, …}, each null or {path, …}."""
    found = [*_of_gcc(tools.get("gcc")), *_of_nvrtc(tools.get("nvrtc"))]
    nvcc = tools.get("nvcc")
    if nvcc and not tools.get("nvrtc"):
        found += _of_nvcc(nvcc["path"])
    return [path for path in dict.fromkeys(found) if os.path.exists(path) and not _is_shown(path)]


def _of_nvrtc(tool: Optional[NvrtcTool]) -> list[str]:
    if not tool:
        return []
    # Both names: NVRTC opens its parts beside itself, by the name that it was loaded by.
    return [os.path.dirname(tool["path"]), os.path.dirname(os.path.realpath(tool["path"])), *tool["includes"]]


def _of_gcc(tool: Optional[Tool]) -> Iterator[str]:
    if not tool:
        return
    yield tool["path"]
    real = os.path.realpath(tool["path"])
    if not _is_shown(real):
        yield from _of_prefix(os.path.dirname(os.path.dirname(real)))
        yield from _parts_of(os.path.dirname(os.path.dirname(real)), (_said([real, "-dumpmachine"]).strip(),))
        yield from re.findall(r"=?(/[^:\n]+)", _said([real, "-print-search-dirs"]))


def _of_nvcc(nvcc: str) -> Iterator[str]:
    """A wrapper script may stand before the real one, which tells where its toolkit is."""
    yield nvcc
    # Of Debian's package; it says nothing that is not in the package.
    yield "/etc/nvcc.profile"
    top = re.search(r"^#\$ TOP=(.+)$", _said([nvcc, "--dryrun", "-cubin", "-o", os.devnull, "-x", "cu", os.devnull]), re.MULTILINE)
    for home in filter(None, (top and os.path.normpath(top.group(1).strip()), os.path.dirname(os.path.dirname(os.path.realpath(nvcc))))):
        yield from _of_prefix(home)
        yield from _of_prefix(os.path.realpath(home))


def _of_prefix(prefix: str) -> Iterator[str]:
    store = next((store for store in _STORES if prefix.startswith(store + "/")), None)
    yield from [store] if store else _parts_of(prefix, _PARTS)


def _parts_of(prefix: str, names: "tuple[str, ...]") -> Iterator[str]:
    """Never the prefix as a whole: it may be somebody's home."""
    if prefix not in ("", "/", "/usr"):
        yield from (os.path.join(prefix, name) for name in names if name)


def _is_shown(path: str) -> bool:
    return any(path == place or path.startswith(place + "/") for place in SYSTEM)


def _said(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, timeout=ASK_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout + done.stderr).decode(errors="replace")
