"""Whether the recorder works on this host, shown by recording a known program in the sandbox; the inventory tells the result."""
from kiln_runner.programs import supervisor
from kiln_runner.programs.cupti import preload
from kiln_runner.programs.record_task import record
from kiln_runner.programs.recordings import Kept, Unequipped, arena_of, kept_of
from kiln_runner.programs.sandbox import Bounds, Box
from kiln_runner.protocol_programs import RecordedTensor, RecordUnit

LIMIT_S = 30.0
MEMORY_BYTES = 16 * 1024 ** 3
WORDS_CHARS_MAX = 400
SOURCE = "def custom_kernel(data):\n    x, out = data\n    return x + x\n"
ELEMENTS = 4096


def probe_recorder(level: str, readable: list[str], nodes: list[str], architecture: str) -> str:
    """Why it does not; empty where it does. Forks: this process must not have started CUDA."""
    preload()
    unit = _unit(architecture)
    asked = {**unit, "arena": arena_of("5" * 64), "device": "", "built": None}
    ended = supervisor.run(lambda: record(asked), Box(supervisor.make_folder(), readable, nodes, None, level), Bounds(LIMIT_S, MEMORY_BYTES))
    if ended.how != "answered":
        return f"{ended.how}: {ended.why or ended.log.strip()}"[:WORDS_CHARS_MAX]
    try:
        kept = kept_of(ended.answer, unit, "", "")
    except Unequipped as error:
        return str(error)[:WORDS_CHARS_MAX]
    return "" if isinstance(kept, Kept) else str(kept)[-WORDS_CHARS_MAX:]


def _unit(architecture: str) -> RecordUnit:
    return {
        "language": "python", "architecture": architecture, "files": [{"path": "probe.py", "content": SOURCE}],
        "entry": {"file": "probe.py", "symbol": "custom_kernel", "style": "custom_kernel"}, "environment": "torch", "built": "0" * 64,
        "deviceModel": "", "cases": [{"name": "probe", "tensors": [_tensor("x", "in"), _tensor("out", "out")]}],
    }


def _tensor(name: str, role: str) -> RecordedTensor:
    return {"name": name, "dtype": "f32", "shape": [ELEMENTS], "role": "out" if role == "out" else "in", "distribution": {"kind": "normal"}}
