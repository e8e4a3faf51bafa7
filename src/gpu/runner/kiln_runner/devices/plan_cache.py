"""Plans that the daemon sent once, under a key, for the tasks that are launched by them; and judge frames, put together of what is JSON already."""
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from kiln_runner.connection import Refusal
from kiln_runner.frames import encode_json
from kiln_runner.protocol import JudgeTask, Plans, SentTask

# As many as a daemon may count on (PLANS_KEPT_MAX of src/domain/protocol.ts): the last that were sent.
PLANS_KEPT_MAX = 256


class KeptPlans(NamedTuple):
    """`plans`: by case; `json` is the same, encoded."""

    plans: Plans
    json: bytes


class PlanCache:
    """Of one connection: what an earlier one was sent, a daemon that comes back does not count on."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, KeptPlans] = OrderedDict()

    def keep(self, key: str, plans: Plans) -> None:
        self._plans[key] = KeptPlans(plans, encode_json(plans))
        self._plans.move_to_end(key)
        if len(self._plans) > PLANS_KEPT_MAX:
            self._plans.popitem(last=False)

    def filled(self, body: SentTask, raw: bytes, hidden: bytes = b"") -> tuple[JudgeTask, bytes]:
        """A task and the JSON of its `judge` frame as a judge reads it: with the plans themselves where `body` names their key, and with `hidden`,
        the JSON of a hidden case that came beside it. Every task has another one, and only its judge has a use for it."""
        if ("plans" in body) == ("plansKey" in body):
            raise Refusal("bad_frame", "task.plans: a task has either plans or plansKey")
        if hidden and "hidden" in body:
            raise Refusal("bad_frame", "task.hidden: a hidden case comes in the task or beside it, not both")
        beside = {"hidden": hidden} if hidden else {}
        key = body.get("plansKey")
        if key is None:
            # It has plans: that is what was just asked.
            return cast(JudgeTask, body), _judge_frame(body, beside) if beside else raw
        reported = self._plans.get(key)
        if reported is None:
            raise Refusal("unknown_plans", f"task.plansKey: no plans {key} were sent on this connection; send them in a `plans` frame first")
        rest = {name: value for name, value in body.items() if name != "plansKey"}
        return cast(JudgeTask, {**rest, "plans": reported.plans}), _judge_frame(rest, {"plans": reported.json, **beside})

    def clear(self) -> None:
        self._plans.clear()


def _judge_frame(task: Mapping[str, Any], encoded: Mapping[str, bytes]) -> bytes:
    """Its JSON; `encoded`: fields of the task that are JSON already."""
    fields = b"".join(b'"%s":%s,' % (name.encode(), json) for name, json in encoded.items())
    return b'{"type":"judge","task":{' + fields + encode_json(task)[1:] + b"}"
