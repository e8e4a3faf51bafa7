"""Finds the compilers of this host: gcc, NVRTC with its headers, nvcc, ncu. For a short-lived process, since it loads NVRTC."""
import glob
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from kiln_runner.compile.tools import NvrtcTool, Tool

if TYPE_CHECKING:
    from kiln_runner.compile.nvrtc import Nvrtc

VERSION_TIMEOUT_S = 30
# Every NVRTC of today knows it.
PROBE_ARCHITECTURE = "sm_90"
PROBE_WORDS_MAX = 300
# "nvcc" keeps NVRTC out of use, for a host whose NVRTC is broken.
COMPILER_VARIABLE = "KILN_CUDA_COMPILER"
# "none" keeps ncu out of use: profiles then follow from the compiled code alone.
PROFILER_VARIABLE = "KILN_PROFILER"
_CUDA_FOLDERS = ("/usr/local/cuda", "/usr/local/cuda-*", "/opt/cuda", "/opt/cuda-*")
_LIBRARY_FOLDERS = ("lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib", "lib")
# Where pip puts NVIDIA's wheels, for the interpreters people use; `*` is a version or an environment.
_SITE_PACKAGES = (
    "/usr/lib/python3*/dist-packages", "/usr/lib/python3*/site-packages", "/usr/local/lib/python3*/dist-packages",
    "/usr/local/lib/python3*/site-packages", "~/.local/lib/python3*/site-packages",
    "~/.pyenv/versions/*/lib/python3*/site-packages",
    "/opt/*/lib/python3*/site-packages", "/opt/*/.venv/lib/python3*/site-packages", "/opt/*/venv/lib/python3*/site-packages",
)


def find_gcc() -> Optional[Tool]:
    path = shutil.which("gcc")
    version = _first_line([path, "--version"]) if path else None
    return {"path": path, "version": version} if path and version else None


def find_nvcc() -> Optional[Tool]:
    candidates = [shutil.which("nvcc")] + [os.path.join(folder, "bin/nvcc") for folder in _cuda_folders()]
    for path in candidates:
        found = re.search(r"V(\d[\d.]*)", _output([path, "--version"])) if path and os.access(path, os.X_OK) else None
        if path and found:
            return {"path": path, "version": f"nvcc {found.group(1)}"}
    return None


def find_nvrtc() -> Optional[NvrtcTool]:
    """{path, includes, version, architectures} of the first libnvrtc that loads and answers."""
    from kiln_runner.compile.nvrtc import Nvrtc, NvrtcFailure

    if os.environ.get(COMPILER_VARIABLE) == "nvcc":
        return None
    for path in _nvrtc_libraries():
        try:
            nvrtc = Nvrtc(path, [])
            major, minor = nvrtc.version()
            architectures = nvrtc.architectures()
        except (OSError, AttributeError, NvrtcFailure):
            continue
        # The version alone does not tell two patch releases apart; the size of the library does.
        version = f"NVRTC {major}.{minor} ({os.path.getsize(path)} bytes)"
        includes = _includes(path)
        return {
            "path": path, "includes": includes, "headers": _headers(includes), "version": version, "architectures": architectures,
            "lacks": _lacks(nvrtc, includes),
        }
    return None


def find_ncu() -> Optional[Tool]:
    if os.environ.get(PROFILER_VARIABLE) == "none":
        return None
    candidates = [shutil.which("ncu")] + [os.path.join(folder, "bin/ncu") for folder in _cuda_folders()]
    for path in candidates:
        found = re.search(r"Version (\d[\d.]*)", _output([path, "--version"])) if path and os.access(path, os.X_OK) else None
        if path and found:
            return {"path": path, "version": found.group(1)}
    return None


def _nvrtc_libraries() -> Iterator[str]:
    folders = [os.path.join(folder, sub) for folder in _cuda_folders() for sub in _LIBRARY_FOLDERS]
    folders += _loader_folders()
    for site in _site_packages():
        folders += sorted(glob.glob(os.path.join(glob.escape(site), "nvidia/*/lib")), reverse=True)
    seen: set[str] = set()
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(glob.escape(folder), "libnvrtc.so*"))):
            real = os.path.realpath(path)
            if real not in seen and os.path.isfile(real):
                seen.add(real)
                yield real


def _cuda_folders() -> list[str]:
    named = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    found = [path for pattern in _CUDA_FOLDERS for path in sorted(glob.glob(pattern), reverse=True)]
    return list(dict.fromkeys(named + found))


def _loader_folders() -> list[str]:
    paths = re.findall(r"=> (\S*/libnvrtc\.so[^\s]*)", _output([shutil.which("ldconfig") or "/sbin/ldconfig", "-p"]))
    return list(dict.fromkeys(os.path.dirname(path) for path in paths))


def _site_packages() -> list[str]:
    """Of the python3 programs on PATH, then the usual places."""
    patterns: list[str] = []
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        python = Path(folder) / "python3"
        if python.exists():
            # A virtual environment's python is a link out of it: its packages are beside the link.
            patterns += [str(place.parent.parent / "lib/python3*/*-packages") for place in (python, python.resolve())]
    patterns += [os.path.expanduser(pattern) for pattern in _SITE_PACKAGES]
    return list(dict.fromkeys(path for pattern in patterns for path in sorted(glob.glob(pattern), reverse=True)))


def _includes(library: str) -> list[str]:
    """Folders with the CUDA headers that belong to this library, else any toolkit's."""
    near = Path(library).parent
    candidates = [near / "../include", near / "../../include", near / "../../../include"]
    candidates += sorted(near.parent.parent.glob("*/include"), reverse=True)
    candidates += [Path(folder) / "include" for folder in _cuda_folders()]
    for folder in candidates:
        if (folder / "cuda_fp16.h").exists():
            real = folder.resolve()
            return [str(path) for path in (real, real / "cccl") if path.is_dir()]
    return []


def _lacks(nvrtc: "Nvrtc", includes: list[str]) -> str:
    """Headers that kernels use and that are not there, or do not compile here; empty where all is well."""
    from kiln_runner.compile.nvrtc import NvrtcFailure, nvrtc_options
    from kiln_runner.compile.own_headers import PROBED, lacking

    missing = lacking(includes)
    if missing or not includes:
        return ", ".join(missing)
    nvrtc.includes = includes
    try:
        cubin, log, _ = nvrtc.compile("".join(f"#include <{name}>\n" for name in PROBED), nvrtc_options(PROBE_ARCHITECTURE))
    except NvrtcFailure as failure:
        cubin, log = None, str(failure)
    return "" if cubin is not None else log.strip().splitlines()[0][:PROBE_WORDS_MAX]


def _headers(includes: list[str]) -> str:
    """Tells apart the headers of two toolkits that one library could be used with: the code of a source follows from both."""
    found = sorted(glob.glob(os.path.join(glob.escape(includes[0]), "cuda_*.h*"))) if includes else []
    listed = "\n".join(f"{os.path.basename(path)} {os.path.getsize(path)}" for path in found)
    return hashlib.sha256(listed.encode()).hexdigest()[:12] if found else "none"


def _first_line(argv: list[str]) -> Optional[str]:
    lines = _output(argv).splitlines()
    return lines[0].strip() if lines else None


def _output(argv: list[str]) -> str:
    """What the program prints; empty where it is missing, fails to start or takes too long."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=VERSION_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
