"""An agent of one's own over REST, with the standard library alone: python3 examples/own_agent.py PROBLEM. `write` is where a model goes."""
import json
import os
import sys
import urllib.request

URL = os.environ.get("KILN_URL", "http://127.0.0.1:7070")
PROBLEM, DEVICE, LANGUAGE, ENDING = sys.argv[1], "cpu", "c", ".c"


def call(path: str, body: object = None) -> dict:
    request = urllib.request.Request(URL + path, None if body is None else json.dumps(body).encode(), {"content-type": "application/json"})
    if os.environ.get("KILN_TOKEN"):
        request.add_header("authorization", "Bearer " + os.environ["KILN_TOKEN"])
    return json.load(urllib.request.urlopen(request))


def judge(source: str, params: dict) -> dict:
    one = {"problem": PROBLEM, "device": DEVICE, "language": LANGUAGE, "source": source, "params": params, "submitter": "own-agent"}
    known = call("/v1/candidates", one)["candidates"][0]
    while known["status"] != "done":
        known = {**(told := call(f"/v1/candidates/{known['id']}?wait=30")), "status": told["state"]["status"]}
    return call(f"/v1/candidates/{known['id']}")


def write(turn: int, problem: dict, best: tuple) -> tuple:
    """(source, params) to try next. A model would read problem["problem"], the contract (GET /v1/contract?language=c), the best source and its verdict. This one takes
    the problem's own seeds, and then other values from the space that the best one's plan declares: `KEY: [1, 2]`."""
    seeds = [text for name, text in sorted(problem["files"].items()) if name.endswith(ENDING) and name.startswith(("baseline", "seeds/"))]
    if turn < len(seeds):
        return seeds[turn], {}
    plan = best[1].partition("space:")[2].partition("\n")[0].strip(" {}")
    axes = [axis.partition(": [") for axis in plan.split("], ") if ": [" in axis]
    name, _, values = axes[turn % len(axes)] if axes else ("", "", "")
    return best[1], {**best[2], name: int(values.rstrip("]").split(", ")[turn // len(axes) % len(values.split(", "))])} if axes else {}


task, best = call(f"/v1/problems/{PROBLEM}"), (0.0, "", {})
for turn in range(8):
    source, params = write(turn, task, best)
    candidate = judge(source, params)
    print(candidate["id"], candidate["state"]["outcome"]["verdict"], (candidate["score"] or {}).get("speedup"))
    best = max(best, ((candidate["score"] or {}).get("rankKey", 0.0), source, params), key=lambda one: one[0])
record = next(e for m in call(f"/v1/problems/{PROBLEM}/ranking?device={DEVICE}")["models"] for e in m["entries"] if e["record"])
print("record:", record["candidateId"], "by", record["submitter"], f"{record['score']['speedup']:.2f}x")
