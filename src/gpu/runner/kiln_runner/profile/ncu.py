"""Nsight Compute as a command: runs a program under it, and reads its report."""
import os
import socket
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from kiln_runner.profile.metrics import CONFLICTS, WAVEFRONTS, profile_of, read_page
from kiln_runner.protocol import Json

SECTIONS = ("SpeedOfLight", "Occupancy", "WarpStateStats", "MemoryWorkloadAnalysis", "LaunchStats")
METRICS = (CONFLICTS, WAVEFRONTS, "lts__t_sector_hit_rate.pct", "gpu__time_duration.sum")
LAUNCHES_MAX = 16
WORDS_CHARS_MAX = 600
FORBIDDEN = "ERR_NVGPUCTRPERM"
FROM_CODE = "These numbers follow from the compiled code alone."


class Report(NamedTuple):
    """`kernels`: the measured fields of each launch; empty where `trouble` says why, and what to do about it."""

    kernels: list[Json]
    raw: bytes
    trouble: Optional[str]


def missing() -> Report:
    fix = "install Nsight Compute (nsight-compute of the CUDA toolkit), with ncu on the PATH, and start the runner again"
    return _trouble(f"ncu is not installed on {socket.gethostname()}: {fix}")


def measure(ncu: str, command: list[str], folder: Path) -> Report:
    """Runs the command under ncu, in `folder`. Without a limit of its own: whoever asked kills the whole process group."""
    base = folder / "report"
    ran = _run(ncu_command(ncu, base, command), folder)
    report = base.with_suffix(".ncu-rep")
    words = ran.stdout.decode(errors="replace")
    if FORBIDDEN in words:
        return _trouble(forbidden_note())
    if not report.exists():
        return _trouble(f"ncu on {socket.gethostname()} made no report: {_tail(words)}")
    page = _run([ncu, "--import", str(report), "--csv", "--page", "raw", "--print-units", "base"], folder)
    kernels = [profile_of(row) for row in read_page(page.stdout.decode(errors="replace"))]
    if not kernels:
        return _trouble(f"the report of ncu on {socket.gethostname()} has no kernel in it: {_tail(words)}")
    return Report(kernels, report.read_bytes(), None)


def ncu_command(ncu: str, base: Path, command: list[str]) -> list[str]:
    """Clocks stay as they are, as when candidates are timed; caches are flushed before each pass, as they are there."""
    sections = [part for section in SECTIONS for part in ("--section", section)]
    return [
        ncu, "--target-processes", "application-only", "--profile-from-start", "off", "--clock-control", "none", "--cache-control", "all",
        "--launch-count", str(LAUNCHES_MAX), *sections, "--metrics", ",".join(METRICS), "--force-overwrite", "--export", str(base), *command,
    ]


def forbidden_note() -> str:
    fix = (
        "run the runner as root (in a container with --cap-add=SYS_ADMIN), or put \"options nvidia NVreg_RestrictProfilingToAdminUsers=0\" into "
        "/etc/modprobe.d/nvidia-profiling.conf and load the driver again"
    )
    return f"ncu may not read the GPU's counters on {socket.gethostname()} ({FORBIDDEN}): {fix}. {FROM_CODE}"


def _run(argv: list[str], folder: Path) -> "subprocess.CompletedProcess[bytes]":
    # Its lock file and its scratch files go where they are removed with the rest.
    environment = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _trouble(why: str) -> Report:
    return Report([], b"", why if why.endswith(FROM_CODE) else f"{why}. {FROM_CODE}")


def _tail(words: str) -> str:
    return " ".join(words.split())[-WORDS_CHARS_MAX:] or "it said nothing"
