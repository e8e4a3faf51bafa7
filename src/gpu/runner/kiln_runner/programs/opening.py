"""What both tasks of a program's process begin with, and what it comes to where one of them fails. In the sandbox, beside the program's code."""
import os
from typing import Any

from kiln_runner.programs.built import restore
from kiln_runner.programs.calling import Broken
from kiln_runner.programs.own_trace import words_of
from kiln_runner.programs.program_files import Program, ProgramRefused, program_of, write_files
from kiln_runner.programs.record_frames import NOT_RECORDABLE, Refusal, TooLarge
from kiln_runner.programs.recorder import NotRecordable
from kiln_runner.programs.triton_kernels import Kernels


class Unequipped(Exception):
    """This process itself cannot work here; the program is not to blame."""


class InCase(Exception):
    """What was wrong in this case: the cause of this."""

    def __init__(self, case: str, cause: BaseException) -> None:
        super().__init__(case)
        self.case, self.cause = case, cause


class Opening:
    """`kernels`: Triton's, of this program."""

    def __init__(self) -> None:
        self.kernels, self._home = Kernels(), os.getcwd()

    def open(self, asked: Any) -> "tuple[Program, str]":
        """The program and the folder of its files, beside what was built of it: `asked.built`. Nothing of it has run yet. ProgramRefused."""
        program = program_of(asked)
        root = write_files(program, self._home)
        if asked.get("built"):
            self.kernels.failures.update(restore(self._home, asked["built"], root))
        self.kernels.serve()
        return program, root

    def refusal_of(self, error: BaseException) -> "tuple[Refusal, str, str]":
        """Verdict, case and words of what a task raised."""
        if isinstance(error, InCase):
            verdict, _, words = self.refusal_of(error.cause)
            return verdict, error.case, words
        if isinstance(error, (NotRecordable, TooLarge)):
            return "contract", "", f"{NOT_RECORDABLE}{error}"
        if isinstance(error, (Broken, ProgramRefused)):
            return "contract", "", str(error)
        if isinstance(error, Unequipped):
            return "unequipped", "", str(error)
        if self.kernels.failure:
            return "compile_error", "", self.kernels.failure
        return "crashed", "", words_of(error, self._home)
