"""What a section of timed runs left behind: what of it is compared, and whether it was.

What is compared is drawn by the judge from all runs of the section. That is done while the device still works on the last of them, for the case that
these are all; the device is told once they have ended. Modes: nothing -> looked at (queued on the device) -> evaluated. Invariant: no section is
left without having been evaluated.
"""
import random
from typing import Optional

from .checking import Terms, TimedRuns, evaluate_timed, look_at_last, queue_timed_checks
from .device import Case, Runnable
from .failures import InfraFailure
from .sampling import DRAWN_SCREENING, Proof, draw_proofs, draws_to_confirm
from .section import Ran, Section
from .tensors import input_set_of


class LeftBehind:
    def __init__(self, terms: Terms, rng: random.Random, *, confirms: bool) -> None:
        """`rng`: as unpredictable as the system's for a kernel. `confirms`: more of it is compared than in a screening."""
        self._terms, self._rng, self._confirms = terms, rng, confirms
        self._ran: Optional[TimedRuns] = None
        self._drawn: tuple[Optional[Ran], list[Proof]] = (None, [])

    def draw(self, case: Case, ran: Ran) -> None:
        """What of these runs is compared, if they are all of the section."""
        ran.read()
        sampled = ran.sampled
        plain = sum(not input_set_of(seed) for seed, _ in sampled)
        least = draws_to_confirm(plain, case.batch) if self._confirms else DRAWN_SCREENING
        self._drawn = (ran, draw_proofs(sampled, case.batch, least, self._rng))

    def look_at(self, case: Case, reference: Runnable, section: Section) -> None:
        """Right after a section's last run: queues all that is looked at, whatever its times say, so that the device works while they are read."""
        last = look_at_last(case, section.sampled, self._rng)
        if self._drawn[0] is not section.ran:
            self.draw(case, section.ran)
        self._ran = TimedRuns(section.kept, last, self._drawn[1])
        queue_timed_checks(case, reference, self._ran, self._terms)

    def evaluate(self, case: Case, reference: Runnable) -> None:
        """What was queued; CandidateFailure where anything was wrong."""
        ran, self._ran = self._ran, None
        if ran is None:
            raise InfraFailure("internal", f"nobody looked at what ran in the case {case.name}")
        evaluate_timed(case, reference, ran, self._terms)
