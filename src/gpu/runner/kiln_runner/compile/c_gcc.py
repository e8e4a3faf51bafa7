"""`c` units for the cpu device: gcc to a shared object, native to this host's processor."""
import os
from typing import List

from kiln_runner.compile.elf import function_names
from kiln_runner.compile.subprocess_limits import run_limited
from kiln_runner.compile.units import Built, Infra, refused

CPU_SECONDS_MAX = 120
MEMORY_BYTES_MAX = 2 * 1024 ** 3
# No LTO: its helpers would run with other options than these. Few errors: gcc searches for minutes what wrong names may mean.
OPTIONS = (
    "-O3", "-march=native", "-std=gnu11", "-shared", "-fPIC", "-fno-lto", "-fdiagnostics-color=never", "-fmax-errors=100",
)


def compile_c(gcc: str, unit: dict, folder: str) -> Built:
    source = os.path.join(folder, "candidate.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(unit["source"])
    done = run_limited(_command(gcc, unit["params"]), folder, CPU_SECONDS_MAX, MEMORY_BYTES_MAX)
    if done.code < 0:
        return refused(f"gcc was ended by signal {-done.code}: the source needs more than the compiler is allowed\n{done.log}")
    library = os.path.join(folder, "code.so")
    if done.code != 0 or not os.path.exists(library):
        if "No space left on device" in done.log:
            raise Infra("out_of_disk", done.log[:500])
        return refused(done.log)
    with open(library, "rb") as file:
        code = file.read()
    return Built({"code.so": code}, {name: {"file": "code.so"} for name in function_names(code)}, done.log, {})


def _command(gcc: str, params: dict) -> List[str]:
    return [gcc, *OPTIONS, *(f"-D{name}={value}" for name, value in params.items()), "-o", "code.so", "candidate.c", "-lm"]
