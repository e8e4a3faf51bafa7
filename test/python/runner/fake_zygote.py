"""A zygote without a sandbox and without a GPU: what it is asked to record it records with a played GPU, or ends as the program's source says.

"# ends: HOW WHY": that, at once. "# hangs": only when it is stopped. "# dies": the zygote itself ends.
"""
import os
import sys
import tempfile

from kiln_runner.frames import encode, read_frame
from kiln_runner.programs.record_task import equipped_by, record
from test.python.programs import played_gpu


def say(name: str, how: str, why: str, answer: bytes = b"", log: str = "") -> None:
    os.write(1, encode({"type": "ended", "id": name, "how": how, "why": why, "status": 0, "log": log}, answer))


def main() -> None:
    equipped_by.append(played_gpu.equip)
    os.write(1, encode({"type": "ready", "imported": {}, "warnings": []}))
    # A program is told that it is called by itself.
    folder, hanging = sys.argv[1], set[str]()
    while True:
        frame = read_frame(sys.stdin.buffer)
        if frame is None:
            return
        header, name = frame[0], frame[0]["id"]
        if header["type"] == "stop":
            hanging.discard(name)
            say(name, "suspended", "it was stopped")
            continue
        source = header["asked"]["files"][0]["content"]
        if "# dies" in source:
            sys.exit("no luck")
        if "# hangs" in source:
            hanging.add(name)
        elif "# ends: " in source:
            how, _, why = source.split("# ends: ")[1].splitlines()[0].partition(" ")
            say(name, how, why, log="what it printed")
        else:
            os.chdir(tempfile.mkdtemp(dir=folder))
            try:
                say(name, "answered", "", record(header["asked"]))
            finally:
                played_gpu.close()


main()
