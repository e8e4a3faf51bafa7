"""Where a device's time went since the runner started. Invariant: every finished judgement and every gap is counted once."""
from kiln_runner.protocol import JudgePhases
from kiln_runner.protocol_frames import DeviceUse

NS_PER_MS = 1e6


class UseTotals:
    def __init__(self, now_ns: int) -> None:
        self._measuring = self._checking = self._loading = self._idle_with = self._idle_without = self._fault = self._profiling = 0.0
        self._judged = 0
        # Since when the device has been free; None while it is busy or recovering.
        self._free_since_ns = now_ns
        self._is_free = True
        self._reserved_since_ns = now_ns

    def started(self, now_ns: int, work_since_ns: int) -> float:
        """A judgement starts whose work has been there since `work_since_ns`. Returns the idle gap, ms."""
        gap_ns = max(0, now_ns - max(self._free_since_ns, work_since_ns)) if self._is_free else 0
        free_ns = now_ns - self._free_since_ns if self._is_free else 0
        self._idle_with += gap_ns / NS_PER_MS
        self._idle_without += max(0, free_ns - gap_ns) / NS_PER_MS
        self._is_free = False
        return gap_ns / NS_PER_MS

    def finished(self, now_ns: int, phases: JudgePhases) -> None:
        self._measuring += phases["measureMs"]
        self._checking += phases["checkMs"]
        self._loading += phases["loadMs"]
        self._judged += 1
        self.free(now_ns)

    def lost(self, milliseconds: float) -> None:
        self._fault += milliseconds

    def free(self, now_ns: int) -> None:
        self._free_since_ns = now_ns
        self._is_free = True

    def busy(self, now_ns: int) -> None:
        """The device is taken by recovery, not by a judgement: its free time so far had no work."""
        if self._is_free:
            self._idle_without += (now_ns - self._free_since_ns) / NS_PER_MS
        self._is_free = False

    def reserved(self, now_ns: int) -> None:
        """A profile has the device; until `returned` nothing else counts."""
        self.busy(now_ns)
        self._reserved_since_ns = now_ns

    def given_back(self, now_ns: int) -> float:
        """Milliseconds that the reservation took."""
        spent_ms = (now_ns - self._reserved_since_ns) / NS_PER_MS
        self._profiling += spent_ms
        self.free(now_ns)
        return spent_ms

    def snapshot(self, now_ns: int) -> DeviceUse:
        waiting = (now_ns - self._free_since_ns) / NS_PER_MS if self._is_free else 0.0
        return {
            "measuringMs": self._measuring, "checkingMs": self._checking, "loadingMs": self._loading,
            "idleWithWorkMs": self._idle_with, "idleWithoutWorkMs": self._idle_without + waiting, "faultMs": self._fault,
            "profilingMs": self._profiling,
            "judged": self._judged,
        }
