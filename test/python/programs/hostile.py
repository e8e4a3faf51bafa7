"""What hostile programs do, run in a sandbox by test_sandbox as `hostile.py LEVEL ACTION [LIMIT]`; prints how it ended as JSON."""
import ctypes
import json
import mmap
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, os.environ.get("KILN_TEST_RUNNER") or str(Path(__file__).resolve().parents[3] / "src/gpu/runner"))
from kiln_runner import time_limit
from kiln_runner.programs import supervisor
from kiln_runner.programs.sandbox import Bounds, Box
from kiln_runner.programs.sandbox_probe import probe, try_level

MIB = 1024 * 1024
BOUNDS = Bounds(limit_s=600.0, memory_bytes=256 * MIB, scratch_bytes=32 * MIB, processes=32, log_bytes=4 * MIB)
FOREVER_S = 3600


def fork_bomb() -> bytes:
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def large_file() -> bytes:
    written = 0
    # The limit of one file is a signal, too.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("large", "wb") as file:
        try:
            while written < 10 * 1024 * MIB:
                written += file.write(bytes(MIB))
        except OSError as error:
            return json.dumps([error.errno, written]).encode()
    return b"all"


def many_files() -> bytes:
    for number in range(1000):
        try:
            Path(f"file{number}").write_bytes(bytes(MIB))
        except OSError as error:
            time.sleep(2)
            return json.dumps([error.errno, number]).encode()
    time.sleep(FOREVER_S)
    return b"all"


def flood_log() -> bytes:
    for _ in range(100):
        print("x" * MIB)
    return b"all"


def eat_memory() -> bytes:
    held = []
    while True:
        held.append(bytearray(os.urandom(4096)) * (4 * MIB // 4096))


def eat_shared_memory() -> bytes:
    held = []
    while True:
        held.append(mmap.mmap(-1, 4 * MIB))
        held[-1].write(b"x" * 4 * MIB)


def kill_others() -> bytes:
    try:
        os.kill(-1, signal.SIGTERM)
        return b"sent"
    except OSError as error:
        return str(error.errno).encode()


def leave_processes() -> bytes:
    for _ in range(5):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.close(3)
                time.sleep(FOREVER_S)
            os._exit(0)
    return b"gone"


def never_end() -> bytes:
    while True:
        pass


def stop() -> bytes:
    os.kill(os.getpid(), signal.SIGSTOP)
    return b"went on"


def stop_without_end() -> bytes:
    while True:
        os.kill(os.getpid(), signal.SIGSTOP)


def stop_children() -> bytes:
    while True:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(0)
        os.waitpid(child, 0)


def claim_no_walls() -> bytes:
    """What the sandbox itself says where it cannot be had."""
    os.write(3, b"!no walls")
    os._exit(0)


def crash() -> bytes:
    ctypes.string_at(0)
    return b""


def forge() -> bytes:
    """A frame where the guardian's own would be, and an end that looks good."""
    os.write(1, b'{"how":"answered"}')
    os._exit(0)


def answer_too_much() -> bytes:
    return bytes(8 * MIB)


def descriptors() -> bytes:
    found = []
    for number in range(256):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return json.dumps(found).encode()


def touch_home() -> bytes:
    places = [os.environ["HOME"], os.environ["TMPDIR"]]
    for place in places:
        Path(place, "mine").write_text("x", encoding="ascii")
    return json.dumps([sorted(os.listdir(places[0])), os.getuid()]).encode()


def use_temporary() -> bytes:
    """Where libraries keep what is temporary: by Python's own word, and by the name that every system has."""
    made = [tempfile.mkdtemp(), tempfile.gettempdir()]
    try:
        Path("/tmp/kiln-made-by-a-program").mkdir()
        made.append("/tmp")
    except OSError as error:
        made.append(str(error.errno))
    return json.dumps([*made, os.environ["TMPDIR"]]).encode()


ACTIONS: dict[str, Callable[[], bytes]] = {
    action.__name__: action
    for action in (
        fork_bomb, large_file, many_files, flood_log, eat_memory, eat_shared_memory, kill_others, leave_processes, never_end, stop,
        stop_without_end, stop_children, crash, forge, claim_no_walls, answer_too_much, descriptors, touch_home,
        use_temporary,
    )
}


def run(level: str, action: str, limit_s: float) -> dict:
    box = Box(supervisor.make_folder(), [sys.prefix, sys.base_prefix], [], None, level)
    bounds = BOUNDS._replace(limit_s=limit_s, answer_bytes=4 * MIB)
    if action in (stop_without_end.__name__, stop_children.__name__):
        # How often it is found stopped is what is tested. On a busy machine so many looks take longer than it may stay stopped.
        time_limit.STOPPED_S_MAX = limit_s
    running = supervisor.start(ACTIONS[action], box, bounds)
    ended = supervisor.wait_for(running)
    reported = {**ended._asdict(), "answer": ended.answer[:1000].decode(), "log": ended.log[-2000:], "logged": len(ended.log)}
    reported["gap"] = "bytes are left out" in ended.log
    return {**reported, "left": os.path.exists(box.folder), "guardian": running.guardian}


def main(argv: list[str]) -> None:
    if argv[0] == "probe":
        print(json.dumps(probe([sys.prefix, sys.base_prefix], [])._asdict()))
    elif argv[1] == "hold":
        print(json.dumps(try_level(argv[0], [sys.prefix, sys.base_prefix], [])))
    else:
        print(json.dumps(run(argv[0], argv[1], float(argv[2]) if argv[2:] else BOUNDS.limit_s)))


if __name__ == "__main__":
    main(sys.argv[1:])
