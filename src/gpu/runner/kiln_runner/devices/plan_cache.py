"""Plans that the daemon sent once, under a key, for all the tasks that are launched by them."""
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from kiln_runner.connection import Refusal
from kiln_runner.protocol import JudgeTask, Plans, SentTask

# As many as a daemon may count on (PLANS_KEPT_MAX of src/domain/protocol.ts): the last that were sent.
PLANS_KEPT_MAX = 256


class KeptPlans(NamedTuple):
    """`plans`: by case; `json` is the same, encoded."""

    plans: Plans
    json: bytes

    def in_task(self, rest: Mapping[str, Any]) -> bytes:
        """The JSON of a `judge` frame whose task is `rest` with these plans; they are not encoded again."""
        return b'{"type":"judge","task":{"plans":' + self.json + b"," + _encoded(rest)[1:] + b"}"


class PlanCache:
    """Of one connection: what an earlier one was sent, a daemon that comes back does not count on."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, KeptPlans] = OrderedDict()

    def keep(self, key: str, plans: Plans) -> None:
        self._plans[key] = KeptPlans(plans, _encoded(plans))
        self._plans.move_to_end(key)
        if len(self._plans) > PLANS_KEPT_MAX:
            self._plans.popitem(last=False)

    def filled(self, body: SentTask, raw: bytes) -> tuple[JudgeTask, bytes]:
        """A task and the JSON of its `judge` frame as a judge reads them: with the plans themselves where `body` names their key."""
        if ("plans" in body) == ("plansKey" in body):
            raise Refusal("bad_frame", "task.plans: a task has either plans or plansKey")
        key = body.get("plansKey")
        if key is None:
            # It has plans: that is what was just asked.
            return cast(JudgeTask, body), raw
        reported = self._plans.get(key)
        if reported is None:
            raise Refusal("unknown_plans", f"task.plansKey: no plans {key} were sent on this connection; send them in a `plans` frame first")
        rest = {name: value for name, value in body.items() if name != "plansKey"}
        return cast(JudgeTask, {**rest, "plans": reported.plans}), reported.in_task(rest)

    def clear(self) -> None:
        self._plans.clear()


def _encoded(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
