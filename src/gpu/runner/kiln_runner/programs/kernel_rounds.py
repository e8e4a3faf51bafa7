"""The Triton kernels that a program was found to launch, round by round: each time it is recorded with all that were found before."""
from typing import Optional

from kiln_runner.programs.record_frames import KERNELS_MAX, Wanted
from kiln_runner.protocol_programs import ProgramBuild, RecordUnit

# A kernel that is launched after another did nothing may be another one.
ROUNDS_MAX = 4
# They are compiled one after another; a limit is made for one source.
KERNELS_A_LIMIT = 8


class KernelRounds:
    def __init__(self) -> None:
        self._kernels = dict[str, Wanted]()
        self._rounds = 0

    def __bool__(self) -> bool:
        return bool(self._kernels)

    def add(self, wanted: list[Wanted]) -> Optional[str]:
        """Why it cannot go on; None where it can. What was compiled before is in the cache of whoever still misses it."""
        new = [kernel for kernel in wanted if kernel["key"] not in self._kernels]
        self._kernels.update({kernel["key"]: kernel for kernel in new})
        self._rounds += 1
        if not new:
            return f"Triton kernel {wanted[0]['kernel']} is missing also after it was compiled"
        if len(self._kernels) > KERNELS_MAX:
            return f"it launches more than {KERNELS_MAX} different Triton kernels"
        return f"it launches other Triton kernels each of {ROUNDS_MAX} times" if self._rounds > ROUNDS_MAX else None

    def unit(self, recorded: RecordUnit) -> ProgramBuild:
        """For the compile pool."""
        return {
            "language": "python", "architecture": recorded["architecture"], "files": recorded["files"], "entry": recorded["entry"],
            "environment": recorded["environment"], "kernels": [self._kernels[key] for key in sorted(self._kernels)],
        }

    def limit_ms(self, limit_ms: float) -> float:
        """`limit_ms`: of one source."""
        return limit_ms * (1 + len(self._kernels) // KERNELS_A_LIMIT)
