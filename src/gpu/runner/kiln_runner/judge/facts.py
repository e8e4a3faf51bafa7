"""What the judges of one device have learned of a problem: in which cases its baseline is right, and how long it takes.

It holds for the device, not for the process: a judge that takes over after a fault goes on with what its predecessors learned.
"""
import time
from typing import NamedTuple, Optional

from kiln_runner.judge_frames import MeasuredBaseline, News
from kiln_runner.protocol_outcomes import TimingStatistics

NS_PER_MS = 1e6


class Baseline(NamedTuple):
    statistics: TimingStatistics
    # CLOCK_MONOTONIC: the same in every process of the host.
    measured_ns: int


class Facts:
    """Grows by what this process learns and by what it is told. Bounded by the problem's cases and schedule.BATCH_MAX."""

    def __init__(self) -> None:
        self._trusted: set[str] = set()
        self._baselines: dict[tuple[str, int], Baseline] = {}
        self._batches: dict[str, set[int]] = {}
        self._new_trusted: list[str] = []
        self._new_baselines: list[MeasuredBaseline] = []

    def trusts(self, case: str) -> bool:
        """The reference ran in this case, and the baseline agreed with it."""
        return case in self._trusted

    def trust(self, case: str) -> None:
        self._trusted.add(case)
        self._new_trusted.append(case)

    def batches(self, case: str) -> list[int]:
        """How many executions at a time candidates of this case were timed with."""
        return sorted({1} | self._batches.get(case, set()))

    def recent_baseline(self, case: str, batch: int, age_ms_max: float) -> Optional[TimingStatistics]:
        known = self._baselines.get((case, batch))
        if known is None or (time.monotonic_ns() - known.measured_ns) / NS_PER_MS > age_ms_max:
            return None
        return known.statistics

    def slowest_baseline(self, case: str, age_ms_max: float) -> Optional[TimingStatistics]:
        """Of those that are recent, whatever was timed together."""
        recent = [self.recent_baseline(case, batch, age_ms_max) for batch in self.batches(case)]
        return max((one for one in recent if one), key=lambda one: one["medianNs"], default=None)

    def remember_baseline(self, case: str, batch: int, statistics: TimingStatistics) -> None:
        known = Baseline(statistics, time.monotonic_ns())
        self._keep(case, batch, known)
        self._new_baselines.append({"case": case, "batch": batch, "statistics": statistics, "measuredAtNs": known.measured_ns})

    def take_news(self) -> Optional[News]:
        """{trusted, baselines} that this process learned since the last call; None where there is nothing new."""
        if not self._new_trusted and not self._new_baselines:
            return None
        news: News = {"trusted": self._new_trusted, "baselines": self._new_baselines}
        self._new_trusted, self._new_baselines = [], []
        return news

    def accept(self, reported: News) -> None:
        """What another judge of this device learned. Times of plans so short that they are batched are not taken over: they differ by some
        percent from process to process, and are measured anew in milliseconds."""
        self._trusted.update(reported["trusted"])
        for one in reported["baselines"]:
            self._batches.setdefault(one["case"], set()).add(one["batch"])
            own = self._baselines.get((one["case"], one["batch"]))
            if one["batch"] == 1 and (own is None or own.measured_ns < one["measuredAtNs"]):
                self._keep(one["case"], 1, Baseline(one["statistics"], one["measuredAtNs"]))

    def _keep(self, case: str, batch: int, known: Baseline) -> None:
        self._baselines[(case, batch)] = known
        self._batches.setdefault(case, set()).add(batch)
