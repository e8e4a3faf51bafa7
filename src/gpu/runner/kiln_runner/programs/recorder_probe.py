"""Whether the recorder works on this host, shown by recording a known program in the sandbox; the inventory tells the result."""
from kiln_runner.programs import supervisor
from kiln_runner.programs.cupti import preload
from kiln_runner.programs.known_program import known_unit
from kiln_runner.programs.record_task import record
from kiln_runner.programs.recordings import Kept, Unequipped, arena_of, kept_of
from kiln_runner.programs.sandbox import Bounds, Box

LIMIT_S = 30.0
MEMORY_BYTES = 16 * 1024 ** 3
WORDS_CHARS_MAX = 400


def probe_recorder(level: str, readable: list[str], nodes: list[str], architecture: str) -> str:
    """Why it does not; empty where it does. Forks: this process must not have started CUDA."""
    preload()
    unit = known_unit(architecture)
    asked = {**unit, "arena": arena_of("5" * 64), "device": "", "built": None}
    ended = supervisor.run(lambda: record(asked), Box(supervisor.make_folder(), readable, nodes, None, level), Bounds(LIMIT_S, MEMORY_BYTES))
    if ended.how != "answered":
        return f"{ended.how}: {ended.why or ended.log.strip()}"[:WORDS_CHARS_MAX]
    try:
        kept = kept_of(ended.answer, unit, "", "")
    except Unequipped as error:
        return str(error)[:WORDS_CHARS_MAX]
    return "" if isinstance(kept, Kept) else str(kept)[-WORDS_CHARS_MAX:]
