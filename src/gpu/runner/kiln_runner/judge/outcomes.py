"""The outcomes a judge can give, as the protocol writes them."""
import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, Optional

from kiln_runner.protocol import Tensor, Tolerance
from kiln_runner.protocol_outcomes import CaseTiming, Contract, Crashed, Mismatch, ModifiedInput, OutOfBounds, Passed, PlanError, Stopped, WrongAnswer

from .layout import Side
from .numbers import numbers_in
from .tensors import tolerance_of

MESSAGE_CHARS_MAX = 64 * 1024
Stage = Literal["check", "timed_run"]
# As the comparing kernels write them: mismatches, marks of the first and of the worst element, the squared norms of difference and reference.
ComparisonWords = tuple[int, int, int, float, float]


def passed(timings: list[CaseTiming], checked_cases: int, stopped: Optional[Stopped] = None) -> Passed:
    outcome: Passed = {"verdict": "passed", "timings": timings, "checkedCases": checked_cases}
    if stopped:
        outcome["stopped"] = stopped
    return outcome


def plan_error(field: str, message: str) -> PlanError:
    return {"verdict": "plan_error", "field": field, "message": message[:MESSAGE_CHARS_MAX]}


def wrong_answer(case: str, stage: Stage, mismatch: Mismatch, inputs: Optional[str] = None) -> WrongAnswer:
    """`inputs`: the check case whose distributions the inputs had; None: the case's own."""
    outcome: WrongAnswer = {"verdict": "wrong_answer", "case": case, "stage": stage, "mismatch": mismatch}
    if inputs:
        outcome["inputs"] = inputs
    return outcome


def modified_input(case: str, tensor: str) -> ModifiedInput:
    return {"verdict": "modified_input", "case": case, "tensor": tensor}


def out_of_bounds(case: str, damage: "GuardDamage") -> OutOfBounds:
    return {
        "verdict": "out_of_bounds",
        "case": case,
        "tensor": damage.tensor,
        "side": damage.side,
        "distanceBytes": damage.distance_bytes,
        "access": damage.access,
    }


def contract(case: str, message: str) -> Contract:
    return {"verdict": "contract", "case": case, "message": message[:MESSAGE_CHARS_MAX]}


def crashed(case: str, message: str) -> Crashed:
    return {"verdict": "crashed", "case": case, "message": message[:MESSAGE_CHARS_MAX]}


class GuardDamage:
    """An access outside a buffer: bytes that were written, or a fault. `distance_bytes` 0: right at its edge."""

    def __init__(self, tensor: str, side: Side, distance_bytes: int, access: Literal["read", "write"] = "write") -> None:
        self.tensor, self.distance_bytes = tensor, distance_bytes
        self.side: Side = side
        self.access: Literal["read", "write"] = access


class Comparison:
    """One output of a look against the reference: how many elements miss, which first, which is worst, and the norms of difference and reference.

    `tolerance` is the problem's everywhere; the tensor may have one of its own.

    Right: |out - ref| <= atol + rtol * |ref| for each element, and ||out - ref|| <= relative_l2 * ||ref|| + atol * sqrt(elements) for the whole.
    """

    def __init__(self, tensor: Tensor, look: int, words: ComparisonWords) -> None:
        self.tensor, self.look = tensor, look
        self.mismatches, first, worst, self.difference2, self.reference2 = words
        self._first = ~first & (2**64 - 1) if self.mismatches else None
        self._worst = ~worst & 0xFFFFFFFF if worst else 0
        self._is_off = worst != 0

    @property
    def name(self) -> str:
        return self.tensor["name"]

    @property
    def index(self) -> int:
        """The first element outside its tolerance; where only the whole is outside, the worst element."""
        return self._worst if self._first is None else self._first

    @property
    def worst(self) -> Optional[int]:
        """Furthest off; None where nothing is, and where an index takes more than its 32 bits."""
        return self._worst if self._is_off and self.tensor["elements"] <= 2**32 else None

    @property
    def relative_l2(self) -> float:
        if self.difference2 == 0:
            return 0.0
        if math.isnan(self.difference2) or self.reference2 == 0:
            return math.inf
        return math.sqrt(self.difference2 / self.reference2)

    def passes(self, tolerance: Tolerance) -> bool:
        tolerance = tolerance_of(self.tensor, tolerance)
        return self.mismatches == 0 and (self.difference2 == 0 or math.sqrt(self.difference2) <= self._norm_limit(tolerance))

    def _norm_limit(self, tolerance: Tolerance) -> float:
        numbers = self.tensor["elements"] * (2 if self.tensor["dtype"] == "f4e2m1x2" else 1)
        return tolerance["relative_l2"] * math.sqrt(self.reference2) + tolerance["atol"] * math.sqrt(numbers)

    def mismatch(self, expected: str, actual: str, tolerance: Tolerance) -> Mismatch:
        """`rule`: which of the two it missed, with what it came to and what was allowed. Only where no element misses its own, the norm's."""
        tolerance = tolerance_of(self.tensor, tolerance)
        error, limit = _missed(self.tensor, (expected, actual), tolerance)
        if not self.mismatches:
            error, limit = f"{math.sqrt(self.difference2):.6g}", f"{self._norm_limit(tolerance):.6g}"
        return {
            "tensor": self.tensor["name"],
            "index": self.index,
            "expected": expected,
            "actual": actual,
            "mismatches": self.mismatches,
            "elements": self.tensor["elements"],
            "relativeL2": f"{self.relative_l2:.6g}",
            "rule": _rule(self.tensor, self.mismatches > 0),
            "error": error,
            "limit": limit,
        }


def error_text(tensor: Tensor, expected: str, actual: str, tolerance: Tolerance) -> str:
    """|out - ref|, or what is wrong with an index."""
    return _missed(tensor, (expected, actual), tolerance)[0]


def _rule(tensor: Tensor, is_element: bool) -> Literal["element", "norm", "index"]:
    return "index" if "compare" in tensor else "element" if is_element else "norm"


def _missed(tensor: Tensor, values: tuple[str, str], tolerance: Tolerance) -> tuple[str, str]:
    """What it came to and what is allowed. `values`: (expected, actual)."""
    compare = tensor.get("compare")
    if compare is None:
        return _element_numbers(*values, tolerance)
    of, last, once = compare["of"], compare["length"] - 1, ", each once in a row" if compare["distinct"] else ""
    is_inside = 0 <= int(values[1]) <= last
    error = f"it leads to another value{', or comes twice' if compare['distinct'] else ''}" if is_inside else "it is out of range"
    return error, f"{of} must hold what it holds at the expected index; from 0 to {last}{once}"


def _element_numbers(expected: str, actual: str, tolerance: Tolerance) -> tuple[str, str]:
    """(|out - ref|, atol + rtol * |ref|); of two in a byte those of the one that is further off."""
    error, reference = max((abs(out - ref), ref) for ref, out in zip(numbers_in(expected), numbers_in(actual)))
    limit = tolerance["atol"] + tolerance["rtol"] * abs(reference)
    return str(error) if isinstance(error, int) else f"{error:.6g}", f"{limit:.6g}"


# Of a run that was kept, or of what is expected of it.
Kind = Literal["kept", "expected"]


class Whole(NamedTuple):
    """What is wrong with outputs as a whole, where the problem checks them by itself. `error`: the first of its rules that does not hold; empty where
    an output is not finite. `unmet`, `of`: how many of how many."""

    kind: Kind
    look: int
    tensor: str
    error: str
    unmet: int
    of: int

    @property
    def mismatch(self) -> Mismatch:
        return {
            "tensor": self.tensor, "index": 0, "expected": "", "actual": "", "mismatches": self.unmet, "elements": self.of, "relativeL2": "",
            "rule": "check" if self.error else "finite", "error": self.error,
        }

    @property
    def words(self) -> str:
        """For whoever wrote the problem."""
        return f"its own check says that {self.error} does not hold" if self.error else f"{self.tensor} holds NaN or an infinity"


def whole_of_rules(kind: Kind, look: int, rules: Sequence[str], words: ComparisonWords) -> Optional[Whole]:
    """`words`: of what the rules say, compared with what they have to."""
    # Of several runs that were looked at before the answer was fetched, all that do not hold are counted.
    unmet, first = min(words[0], len(rules)), ~words[1] & (2**64 - 1)
    return Whole(kind, look, rules[first], rules[first], unmet, len(rules)) if unmet else None


def whole_of_numbers(kind: Kind, look: int, tensor: Tensor, words: ComparisonWords) -> Optional[Whole]:
    """`words`: of zeros, compared with the output."""
    return None if math.isfinite(words[3]) else Whole(kind, look, tensor["name"], "", words[0], tensor["elements"])


class SampleFault(NamedTuple):
    """Samples of one output that miss the reference. `slot`: of the first such run. `element` None: each element of its sample is within its
    tolerance, and their norm is not."""

    tensor: Tensor
    slot: int
    replica: int
    element: Optional[int]
    mismatches: int

    def mismatch(self, expected: str, actual: str, tolerance: Tolerance) -> Mismatch:
        """`mismatches`: among the elements that were sampled."""
        error, limit = _missed(self.tensor, (expected, actual), tolerance_of(self.tensor, tolerance))
        return {
            "tensor": self.tensor["name"],
            "index": self.element or 0,
            "expected": expected,
            "actual": actual,
            "mismatches": self.mismatches,
            "elements": self.tensor["elements"],
            "relativeL2": "inf" if self.element is None else "",
            "rule": _rule(self.tensor, self.element is not None),
            "error": error,
            "limit": limit,
        }


def sample_fault(tensor: Tensor, words: tuple[int, int, int]) -> Optional[SampleFault]:
    """`words` as the helper kernels write them (native/gpu_sampling.cu)."""
    mismatches, first, far = words
    mark = ~(first or far) & (2**64 - 1)
    if not first and not far:
        return None
    return SampleFault(tensor, mark >> 48, mark >> 40 & 0xFF, mark & (2**40 - 1) if first else None, mismatches)


class Findings:
    """What the device found since the last look. `comparisons` are those of the outputs, in the order of the case's tensors. `wholes`: of a problem
    that checks outputs by itself, what is wrong with them."""

    def __init__(
        self, damage: Optional[GuardDamage], modified: Optional[str], comparisons: list[Comparison], samples: Sequence[SampleFault] = (),
        wholes: Sequence[Whole] = (),
    ) -> None:
        self.damage, self.modified, self.comparisons, self.samples, self.wholes = damage, modified, comparisons, list(samples), list(wholes)
