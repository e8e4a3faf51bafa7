"""`c` units for the cpu device: gcc to a shared object, native to this host's processor."""
import os
import re
from pathlib import Path
from typing import Optional

from kiln_runner.compile.blame import check_headers, made_nothing
from kiln_runner.compile.elf import function_names
from kiln_runner.compile.opening import opening_of
from kiln_runner.compile.own_headers import C
from kiln_runner.compile.params import place_params
from kiln_runner.compile.subprocess_limits import run_limited
from kiln_runner.compile.units import Built, refused
from kiln_runner.protocol import KernelUnit, Params

CPU_SECONDS_MAX = 120
MEMORY_BYTES_MAX = 2 * 1024 ** 3
# No LTO: its helpers would run with other options than these. Few errors: gcc searches for minutes what wrong names may mean.
OPTIONS = (
    "-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC", "-fno-lto", "-fdiagnostics-color=never", "-fmax-errors=100",
    # The assembly stays in the folder, so that it can be read: see _complaint.
    "-save-temps=cwd",
    # It would quote other lines than it names: params are defined in the source.
    "-fno-diagnostics-show-caret",
)
# Directives that read files of the host, and those that could put such a directive together. gcc itself writes none of them.
_FORBIDDEN = re.compile(r"(?<![\w.$])\.(incbin|include|macro|altmacro|irpc?|rept)\b", re.IGNORECASE)


# What starts a thread or another process: the judge times one thread, and what others do after it returns is nobody's work.
_STARTS = re.compile(
    r"\b(?:call|jmp|bl|b)\s+\*?(pthread_create|thrd_create|GOMP_\w+|v?fork|posix_spawnp?|system|popen)\b"
)


def compile_c(gcc: str, unit: KernelUnit, folder: str) -> Built:
    source, placed = os.path.join(folder, "candidate.c"), place_params(unit["source"], unit["params"], opening_of(unit["source"]))
    with open(source, "w", encoding="utf-8") as file:
        file.write(placed.source)
    done = run_limited(_command(gcc, placed.before), folder, CPU_SECONDS_MAX, MEMORY_BYTES_MAX)
    complaint = _complaint(Path(folder))
    if complaint:
        # Without the log: the assembler quotes what it does not understand.
        return refused(complaint)
    library = os.path.join(folder, "code.so")
    if done.code != 0 or not os.path.exists(library):
        check_headers(done.log, "candidate.c", C)
        return made_nothing("gcc", done.code, done.log, folder)
    with open(library, "rb") as file:
        code = file.read()
    return Built({"code.so": code}, {name: {"file": "code.so"} for name in function_names(code)}, done.log, {})


def _complaint(folder: Path) -> Optional[str]:
    """In the source such a directive can be put together from macros and string literals; in the assembly it stands as it is."""
    for file in folder.glob("*.s"):
        assembly = file.read_text(encoding="utf-8", errors="replace")
        found = _FORBIDDEN.search(assembly)
        if found:
            return f"{found.group(0)} in asm() is not allowed: a source may not read files of the host"
        starts = _STARTS.search(assembly)
        if starts:
            return f"{starts.group(1)} is not allowed: a candidate in C runs on one thread, and starts no other thread or process"
    return None


def _command(gcc: str, params: Params) -> list[str]:
    return [gcc, *OPTIONS, *(f"-D{name}={value}" for name, value in params.items()), "-o", "code.so", "candidate.c", "-lm"]
