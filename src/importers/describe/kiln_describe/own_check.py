"""A task's own check of outputs, run on those of its reference: what it asks of them where they are right, and whether it tells others from them."""
import copy
from collections.abc import Mapping, Sequence
from typing import Any, Callable, cast

from kiln_describe.framework import is_tensor, torch
from kiln_describe.inputs import redirected, said
from kiln_describe.kiln_check import OtherCheck, answers_of, checked
from kiln_describe.lines import Lines
from kiln_describe.refused import Refused
from kiln_describe.tree import take

# Beside the one that what is compared are numbers.
RULES_MAX = 15


class OwnCheck:
    """`why`: it is none that is known."""

    def __init__(self, check: Callable[[Any, Any], Any], why: str, lines: Lines) -> None:
        self._check, self._why, self._lines = check, why, lines
        self._answers: dict[str, set[bool]] = {}
        self._form: Any = None

    def learn(self, data: Any, reference: Callable[[Any], Any], *, tries: bool) -> None:
        """Of one case, with its numbers; `tries`: and whether it tells wrong outputs from right ones. Refused says what cannot be taken."""
        with redirected("cpu"):
            right = reference(copy.deepcopy(data))
            self._form = self._form_of(right)
            self._note(self._asking(lambda: self._answers_of(data, right)))
            if tries:
                self._learn_others(data, right)
            passes = self.passes()
            if not tries:
                return
            for name, wrong in _WRONG.items():
                if wrong is _largest and not any(_is_whole(one) for one in take(right).tensors):
                    continue
                if self._takes(data, _changed(right, wrong), passes):
                    raise Refused(f"{self._why}, and it takes {name} for right outputs")
            if not self._takes(data, right, passes):
                raise Refused(f"{self._why}, and it does not pass the reference's outputs by what it asks of them")

    def _learn_others(self, data: Any, right: Any) -> None:
        """Of what it may take beside the reference's own: that must not be asked to be the same to the bit, or to have the same sign."""
        for change in (_nudged, torch.neg):
            try:
                found = self._answers_of(data, _changed(right, change))
            except Exception:  # it does not take them, or fails by them
                continue
            self._note(found)

    def _answers_of(self, data: Any, output: Any) -> dict[str, set[bool]]:
        """A check may change what it is shown."""
        return answers_of(self._check, copy.deepcopy(data), copy.deepcopy(output))

    def _note(self, found: Mapping[str, set[bool]]) -> None:
        for place, answers in found.items():
            self._answers.setdefault(place, set()).update(answers)

    def passes(self) -> dict[str, bool]:
        """How its questions are answered where outputs are right, by their statement."""
        both = next((place for place, answers in self._answers.items() if len(answers) > 1), None)
        if both is not None:
            raise Refused(f"{self._why}, and right outputs go both ways at {both}")
        if len(self._answers) > RULES_MAX:
            raise Refused(f"{self._why}, and it asks at {len(self._answers)} places; at most {RULES_MAX} can be rules")
        if not self._answers:
            raise Refused(f"{self._why}, and it asks nothing of the outputs")
        return {place: next(iter(answers)) for place, answers in self._answers.items()}

    def document(self) -> dict[str, Any]:
        return {"passes": self.passes(), "form": self._form}

    def _takes(self, data: Any, output: Any, passes: Mapping[str, bool]) -> bool:
        found = self._asking(lambda: checked(self._check, copy.deepcopy(data), copy.deepcopy(output), passes))
        return all(bool(holds) for holds in found.values())

    def _asking(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except OtherCheck as error:
            raise Refused(f"{self._why}, and it cannot be asked without reading values: {error}") from error
        except Exception as error:  # whatever a person's file raises
            raise Refused(f"{self._why}, and it fails: {said(error, self._lines)}") from error

    def _form_of(self, returned: Any) -> str:
        if is_tensor(returned):
            return "tensor"
        if isinstance(returned, Mapping):
            return "dict"
        if isinstance(returned, (tuple, list)):
            return "tuple" if isinstance(returned, tuple) else "list"
        raise Refused(f"{self._why}, and the reference returns nothing that it could be handed")


def _is_whole(one: Any) -> bool:
    return not one.is_floating_point() and one.dtype != torch.bool


def _largest(one: Any) -> Any:
    """On a device it must not break on what is no index."""
    return torch.full_like(one, torch.iinfo(one.dtype).max) if _is_whole(one) else one


# Outputs that it must not take.
_WRONG: dict[str, Callable[[Any], Any]] = {"zeros": torch.zeros_like, "ones": torch.ones_like, "the largest whole numbers": _largest}


def _nudged(one: Any) -> Any:
    """Numbers with a fraction, each beside the right one."""
    return one * (1 + 2 * torch.finfo(one.dtype).eps) if one.is_floating_point() else one


def _changed(returned: Any, change: Callable[[Any], Any]) -> Any:
    """Of the same form."""
    if is_tensor(returned):
        return change(returned)
    if isinstance(returned, Mapping):
        return {key: change(value) for key, value in cast("Mapping[Any, Any]", returned).items()}
    changed = [change(value) for value in cast("Sequence[Any]", returned)]
    return changed if isinstance(returned, list) else tuple(changed)
