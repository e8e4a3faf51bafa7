"""Reads the raw page of an Nsight Compute report (`ncu --import FILE --csv --page raw --print-units base`). Pure.

The page has a row of metric names, a row of units, then a row a kernel launch, in the order of the launches. Metric names are those of
Nsight Compute 2021 and later, for compute capability 8.0 and later.
"""
import csv
import io
import math
from typing import NamedTuple, Optional

from kiln_runner.protocol import Json
from kiln_runner.protocol_profiles import Stall

FIRST_COLUMN = "ID"
KERNEL_COLUMN = "Kernel Name"
STALL_PREFIX, STALL_SUFFIX = "smsp__average_warps_issue_stalled_", "_per_issue_active.ratio"
# A warp that issues is no stall, though the counters list it among them.
NO_STALL = "selected"
STALLS_MAX = 5
CONFLICTS = "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"
WAVEFRONTS = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum"
# In the order that decides between equals: warps alone is no want of anything else.
LIMITS = {
    "warps": "launch__occupancy_limit_warps", "registers": "launch__occupancy_limit_registers",
    "shared memory": "launch__occupancy_limit_shared_mem", "block size": "launch__occupancy_limit_blocks",
}
NS_PER = {"ns": 1.0, "nsecond": 1.0, "us": 1e3, "usecond": 1e3, "ms": 1e6, "msecond": 1e6, "s": 1e9, "second": 1e9}


class Value(NamedTuple):
    number: float
    unit: str


Row = dict[str, Value]


def read_page(text: str) -> list[Row]:
    """A row a launch; values that are no finite number are left out. Lines before the table (ncu's own words) are passed over."""
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith(f'"{FIRST_COLUMN}"')), None)
    if first is None:
        return []
    rows = list(csv.reader(io.StringIO("\n".join(lines[first:]))))
    names, units, launches = rows[0], rows[1] if len(rows) > 1 else [], rows[2:]
    return [_row(names, units, launch) for launch in launches if len(launch) == len(names) == len(units)]


def profile_of(row: Row) -> Json:
    """The measured fields of a KernelProfile; null where the report lacks the metric."""
    return {
        "registers": _whole(row, "launch__registers_per_thread"),
        "occupancyTheoretical": _share(row, "sm__maximum_warps_per_active_cycle_pct"),
        "occupancyAchieved": _share(row, "sm__warps_active.avg.pct_of_peak_sustained_active"),
        "occupancyLimiter": _limiter(row),
        "durationNs": _duration(row),
        "memoryPeakShare": _share(row, "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"),
        "computePeakShare": _share(row, "sm__throughput.avg.pct_of_peak_sustained_elapsed"),
        "l2HitRate": _share(row, "lts__t_sector_hit_rate.pct"),
        "bankConflictShare": _conflicts(row),
        "stalls": _stalls(row),
    }


def least_limit(limits: dict[str, float]) -> Optional[str]:
    """The first of those that allow the fewest blocks."""
    return min(limits, key=lambda name: limits[name]) if limits else None


def _row(names: list[str], units: list[str], launch: list[str]) -> Row:
    found: Row = {}
    for name, unit, text in zip(names, units, launch):
        number = _number(text)
        if number is not None and name != KERNEL_COLUMN:
            found[name] = Value(number, unit)
    return found


def _number(text: str) -> Optional[float]:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _share(row: Row, name: str) -> Optional[float]:
    """Of a percentage. Counters of several passes may give a little more than all."""
    return min(1.0, max(0.0, row[name].number / 100)) if name in row else None


def _whole(row: Row, name: str) -> Optional[int]:
    return int(row[name].number) if name in row else None


def _duration(row: Row) -> Optional[float]:
    value = row.get("gpu__time_duration.sum")
    if value is None or value.unit not in NS_PER or value.number <= 0:
        return None
    return value.number * NS_PER[value.unit]


def _limiter(row: Row) -> Optional[str]:
    return least_limit({name: row[metric].number for name, metric in LIMITS.items() if metric in row})


def _conflicts(row: Row) -> Optional[float]:
    if CONFLICTS not in row or WAVEFRONTS not in row:
        return None
    wavefronts = row[WAVEFRONTS].number
    return min(1.0, max(0.0, row[CONFLICTS].number / wavefronts)) if wavefronts > 0 else 0.0


def _stalls(row: Row) -> list[Stall]:
    """Shares of the time that a warp spends between two instructions, largest first."""
    times = {
        name[len(STALL_PREFIX) : -len(STALL_SUFFIX)]: value.number
        for name, value in row.items()
        if name.startswith(STALL_PREFIX) and name.endswith(STALL_SUFFIX) and "_not_issued" not in name
    }
    total = sum(times.values())
    if total <= 0:
        return []
    reasons = sorted((reason for reason in times if reason != NO_STALL and times[reason] > 0), key=lambda reason: -times[reason])
    return [{"reason": reason.replace("_", " "), "share": min(1.0, times[reason] / total)} for reason in reasons[:STALLS_MAX]]
