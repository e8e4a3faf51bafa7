"""What the judges of one device are told besides tasks: the problems in use, and what judges before them learned of those.

So a parked judge has the modules, buffers and baselines of the next task before it is needed. Frames `problem`, `known` and `learned`:
judge/service.py.
"""
from collections import OrderedDict
from collections.abc import Iterable

from kiln_runner.devices.judge_process import JudgeProcess
from kiln_runner.frames import encode
from kiln_runner.protocol import Json

# Parked judges make these ready: the last ones used.
PROBLEMS_PARKED_MAX = 4
# Of these it is known how long their baselines take; the others are measured again.
PROBLEMS_KNOWN_MAX = 64


class _Learned:
    """Bounded by the problem's cases and the batches a judge may choose."""

    def __init__(self) -> None:
        self.trusted: set[str] = set()
        self.baselines: dict[tuple[str, int], Json] = {}

    def add(self, header: Json) -> None:
        self.trusted.update(header["trusted"])
        for baseline in header["baselines"]:
            self.baselines[(baseline["case"], baseline["batch"])] = baseline


class Briefing:
    def __init__(self) -> None:
        self._recent: OrderedDict[str, bytes] = OrderedDict()
        self._learned: OrderedDict[str, _Learned] = OrderedDict()

    def use(self, key: str, frame: bytes) -> bool:
        """`key`'s problem has a task now; `frame` is its encoded `problem` frame. True when it was not in use before."""
        is_new = key not in self._recent
        self._recent[key] = frame
        self._recent.move_to_end(key)
        if len(self._recent) > PROBLEMS_PARKED_MAX:
            self._recent.popitem(last=False)
        return is_new

    def introduce(self, judge: JudgeProcess, key: str, frame: bytes) -> None:
        """Tells a judge of a problem, once."""
        if key in judge.problems:
            return
        # First what is known: with it the judge knows which buffers the problem needs.
        if key in self._learned:
            judge.tell(self._known(key, self._learned[key]))
        judge.give_problem(key, frame)

    def brief(self, judge: JudgeProcess) -> None:
        """Tells a judge of the problems in use, the latest first."""
        for key, frame in reversed(self._recent.items()):
            self.introduce(judge, key, frame)

    def learn(self, header: Json, others: Iterable[JudgeProcess]) -> None:
        """Keeps what the resident learned, and tells those of the other judges that know the problem."""
        key = header["problemKey"]
        learned = self._learned.setdefault(key, _Learned())
        self._learned.move_to_end(key)
        if len(self._learned) > PROBLEMS_KNOWN_MAX:
            self._learned.popitem(last=False)
        learned.add(header)
        news = _Learned()
        news.add(header)
        for judge in others:
            if key in judge.problems:
                judge.tell(self._known(key, news))

    @staticmethod
    def _known(key: str, learned: _Learned) -> bytes:
        baselines: list[Json] = list(learned.baselines.values())
        return encode({"type": "known", "problemKey": key, "trusted": sorted(learned.trusted), "baselines": baselines})
