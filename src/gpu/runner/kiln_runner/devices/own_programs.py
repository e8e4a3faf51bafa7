"""A problem's own program on its way to an artifact that a judge replays: built in the compile pool, then recorded on a device of the asked model.

building -> recording -> told. Where its build was thrown away meanwhile, it is built once more.
"""
from typing import Callable, NamedTuple

from kiln_runner.compile.pool import OnCompiled
from kiln_runner.programs.record_run import Asked
from kiln_runner.protocol import CompileResult
from kiln_runner.protocol_programs import OwnRecordUnit, ProgramUnit, RecordedSide


class Making(NamedTuple):
    """`compile(id, unit, limit_ms, told)`: the compile pool's. `record`: of RecordRequests."""

    compile: Callable[[str, ProgramUnit, float, OnCompiled], None]
    record: Callable[[Asked], None]


class Wanted(NamedTuple):
    """`id`: of no other; `model`: of the device that it is recorded on."""

    id: str
    side: RecordedSide
    model: str
    limit_ms: float


def make_own_program(making: Making, wanted: Wanted, told: OnCompiled, *, is_second: bool = False) -> None:
    def on_built(result: CompileResult) -> None:
        if result["status"] != "compiled":
            told(result)
            return
        unit = _record_unit(wanted, result["artifact"])
        making.record(Asked(wanted.id, unit, wanted.limit_ms, on_recorded))

    def on_recorded(result: CompileResult) -> None:
        if result["status"] == "infra" and result["failure"]["code"] == "unknown_artifact" and not is_second:
            make_own_program(making, wanted, told, is_second=True)
        else:
            told(result)

    making.compile(wanted.id, _build_unit(wanted.side), wanted.limit_ms, on_built)


def _build_unit(side: RecordedSide) -> ProgramUnit:
    """The same as a candidate's: one that is the reference itself is built once."""
    return {
        "language": "python", "architecture": side["architecture"], "files": side["files"], "entry": side["entry"],
        "environment": side["environment"],
    }


def _record_unit(wanted: Wanted, built: str) -> OwnRecordUnit:
    side = wanted.side
    unit: OwnRecordUnit = {**_build_unit(side), "built": built, "deviceModel": wanted.model, "cases": side["cases"], "side": side["side"]}
    if "model" in side:
        unit["model"] = side["model"]
    return unit
