#!/usr/bin/env python3
"""An agent of one's own: reads what Kiln tells on standard input, writes one candidate to standard output.

It changes one param of its parent, or writes the first example again where there is none: a place to put something better. In kiln.yaml:

    agents:
      generators:
        mine: {kind: command, argv: [python3, config/agents/example-agent.py]}
"""
import json
import random
import re
import sys


def declared_space(source: str) -> dict:
    """Param -> its values, from the line `space: {NAME: [1, 2], …}` of the plan. Several lines of `NAME: [1, 2]` are found as well."""
    header = source[: source.find("*/")] if "*/" in source else source
    _, _, space = header.partition("space:")
    return {name: [int(value) for value in values.split(",")] for name, values in re.findall(r"(\w+): \[([-\d, ]+)\]", space)}


def main() -> None:
    context = json.load(sys.stdin)
    draw = random.Random(context["seed"])
    if not context["parents"]:
        example = context["examples"][0]
        json.dump({"language": example["language"], "source": example["source"], "idea": "the example"}, sys.stdout)
        return
    parent = context["parents"][0]
    space = declared_space(parent["source"]) or {name: [value * 2] for name, value in parent["params"].items() if isinstance(value, int)}
    if not space:
        sys.exit("the parent has no params to change")
    name = draw.choice(sorted(space))
    value = draw.choice(space[name])
    draft = {"language": parent["language"], "source": parent["source"], "params": {**parent["params"], name: value}}
    json.dump({**draft, "idea": f"another {name}"}, sys.stdout)


if __name__ == "__main__":
    main()
