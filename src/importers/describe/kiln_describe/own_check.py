"""A task's own check of outputs, run on those of its reference: what it asks of them where they are right, and whether it tells others from them."""
import copy
from collections.abc import Mapping, Sequence
from typing import Any, Callable, cast

from kiln_describe.framework import is_tensor, torch
from kiln_describe.inputs import redirected, said
from kiln_describe.kiln_check import OtherCheck, answers_of, checked
from kiln_describe.lines import Lines
from kiln_describe.refused import Refused

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
            for place, answers in self._asking(lambda: answers_of(self._check, data, right)).items():
                self._answers.setdefault(place, set()).update(answers)
            passes = self.passes()
            if not tries:
                return
            for name, wrong in (("zeros", torch.zeros_like), ("ones", torch.ones_like)):
                if self._takes(data, _changed(right, wrong), passes):
                    raise Refused(f"{self._why}, and it takes {name} for right outputs")
            if not self._takes(data, right, passes):
                raise Refused(f"{self._why}, and it does not pass the reference's outputs by what it asks of them")

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
        return all(bool(holds) for holds in self._asking(lambda: checked(self._check, data, output, passes)).values())

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


def _changed(returned: Any, change: Callable[[Any], Any]) -> Any:
    """Of the same form."""
    if is_tensor(returned):
        return change(returned)
    if isinstance(returned, Mapping):
        return {key: change(value) for key, value in cast("Mapping[Any, Any]", returned).items()}
    changed = [change(value) for value in cast("Sequence[Any]", returned)]
    return changed if isinstance(returned, list) else tuple(changed)
