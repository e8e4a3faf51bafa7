"""A zygote without a sandbox and without a GPU: what it is asked to record it records with a played GPU, or ends as the program's source says.

"# ends: HOW WHY": that, at once. "# beside: HOW WHY": that, once another runs beside it. "# wants: KEY": the kernel of that key, unless what was
built of it has it. "# blames" (or "once"): the recorder, which does not work, it says ("# blaming: WORDS"). "# hangs": only when it is stopped.
"# dies": the zygote itself ends. The GPU is short of memory for as many runs as FOLDER/short has bytes. FOLDER/noted holds a line for each process in
which a program is to answer.
"""
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from kiln_runner.frames import encode, read_frame
from kiln_runner.programs.device_memory import shortage
from kiln_runner.programs.record_frames import pack_refusal, pack_wants
from kiln_runner.programs.record_task import equipped_by, record
from kiln_runner.programs.recording_session import Tools
from test.python.programs import played_gpu


def say(name: str, how: str, why: str, answer: bytes = b"", log: str = "") -> None:
    os.write(1, encode({"type": "ended", "id": name, "how": how, "why": why, "status": 0, "log": log}, answer))


class FakeZygote:
    def __init__(self, folder: str) -> None:
        self._folder, self._beside = folder, dict[str, str]()

    def note(self, words: str) -> None:
        with open(Path(self._folder, "noted"), "a", encoding="utf-8") as file:
            file.write(f"{words}\n")

    def stop(self, name: str) -> None:
        say(name, "suspended", "it was stopped")

    def run(self, name: str, asked: Any, artifact: str) -> None:
        source = asked["files"][0]["content"]
        self._end_those_beside(name)
        if "# dies" in source:
            sys.exit("no luck")
        if "# hangs" in source or self._waits(name, source):
            return
        wanted = _said(source, "wants")
        if wanted and not Path(artifact, wanted).is_file():
            say(name, "answered", "", pack_wants([{"key": wanted, "kernel": "scale", "call": "AAAA"}]))
        elif ("# blames" in source and not self._has_blamed(name, source)) or Path(self._folder, "broken").exists():
            say(name, "answered", "", pack_refusal("unequipped", "", _said(source, "blaming") or "libcupti is not here"))
        elif _said(source, "ends"):
            how, _, why = _said(source, "ends").partition(" ")
            say(name, how, why, log="what it printed")
        else:
            self._record(name, asked)

    def _has_blamed(self, name: str, source: str) -> bool:
        """Where it does so once."""
        blamed = Path(self._folder, f"blamed {name.split('.')[0]}")
        was_there = blamed.exists()
        blamed.touch()
        return was_there and "# blames once" in source

    def _waits(self, name: str, source: str) -> bool:
        """For another beside it; the second time it does not."""
        tried = Path(self._folder, f"tried {name.split('.')[0]}")
        if not _said(source, "beside") or tried.exists():
            return False
        tried.touch()
        self._beside[name] = _said(source, "beside")
        return True

    def _end_those_beside(self, name: str) -> None:
        for other in [each for each in self._beside if each != name]:
            how, _, why = self._beside.pop(other).partition(" ")
            say(other, how, why)

    def _record(self, name: str, asked: Any) -> None:
        os.chdir(tempfile.mkdtemp(dir=self._folder))
        try:
            say(name, "answered", "", record(asked))
        finally:
            played_gpu.close()


def _said(source: str, word: str) -> str:
    return source.split(f"# {word}: ")[1].splitlines()[0] if f"# {word}: " in source else ""


def equip(left: Path, asked: Any) -> Tools:
    is_short = left.exists() and left.stat().st_size > 0
    if is_short:
        os.truncate(left, left.stat().st_size - 1)
    return played_gpu.equip(asked)._replace(shortage=shortage(1 << 30, 80 << 30) if is_short else "")


def main() -> None:
    short = Path(sys.argv[1], "short")
    equipped_by.append(lambda asked: equip(short, asked))
    os.write(1, encode({"type": "ready", "imported": {}, "warnings": []}))
    # A program is told that it is called by itself.
    zygote = FakeZygote(sys.argv[1])
    while True:
        frame = read_frame(sys.stdin.buffer)
        if frame is None:
            return
        header, name = frame[0], frame[0]["id"]
        if name.startswith("companion."):
            artifact = os.path.basename(header.get("artifact") or "-")
            told = [header["task"], header["connect"], header["asked"]["device"], artifact] if header["type"] == "run" else []
            zygote.note(" ".join([header["type"], name, *told]))
        if header["type"] == "stop":
            zygote.stop(name)
        else:
            zygote.run(name, header["asked"], header["artifact"])


main()
