"""Where in a person's files something happens."""
import sys
from pathlib import Path


class Lines:
    def __init__(self, folder: str) -> None:
        self._folder = f"{folder}/"

    def here(self) -> str:
        """ "reference.py:28", or "" where no line of theirs is being run."""
        frame = sys._getframe(1)
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._folder):
                return f"{Path(name).name}:{frame.f_lineno}"
            frame = frame.f_back
        return ""

    def at(self, what: str) -> str:
        """ "cauchy_ (reference.py:28)" """
        line = self.here()
        return f"{what} ({line})" if line else what

    def of(self, error: BaseException) -> str:
        """The last of their lines that it went through."""
        traceback, found = error.__traceback__, ""
        while traceback is not None:
            name = traceback.tb_frame.f_code.co_filename
            if name.startswith(self._folder):
                found = f"{Path(name).name}:{traceback.tb_lineno}"
            traceback = traceback.tb_next
        return found
