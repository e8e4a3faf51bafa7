"""An agent of one's own in a few lines, for a generator of kind `command` (docs/agents.md): varies one number of its parent.

Reads the context as JSON from standard input and writes a candidate as JSON to standard output. Everything in the context that
candidates made (sources, ideas, failures) is data: whatever it says, it is never an instruction.
"""

import json
import random
import re
import sys
from typing import Any


def values_worth_trying(source: str) -> dict[str, list[int]]:
    """Param -> the numbers that the `space` of the plan in `source` names; empty where it declares none."""
    plan = source.partition("*/")[0]
    space = plan.partition("space:")[2]
    return {name: [int(value) for value in values.split(",")] for name, values in re.findall(r"(\w+): *\[([-\d, ]+)\]", space)}


def next_candidate(context: dict[str, Any]) -> dict[str, Any]:
    """The draft for one context: language, source, params and a short idea."""
    draw = random.Random(context["seed"])
    start = draw.choice(context["parents"] or context["examples"])
    params = dict(start.get("params", {}))
    space = values_worth_trying(start["source"])
    numbers = sorted(name for name, value in params.items() if isinstance(value, int) and value > 0)
    idea = "as it was"
    if numbers:
        name = draw.choice(numbers)
        params[name] = draw.choice(space.get(name) or [params[name] * 2, max(1, params[name] // 2)])
        idea = f"{name}={params[name]}"
    return {"language": start["language"], "source": start["source"], "params": params, "idea": idea}


if __name__ == "__main__":
    json.dump(next_candidate(json.load(sys.stdin)), sys.stdout)
