"""Tunes a kernel over REST, with the standard library alone: python3 examples/tuning_sweep.py FILE PROBLEM [CANDIDATES]"""
import json
import os
import sys
import urllib.request
from typing import Any

URL = os.environ.get("KILN_URL", "http://127.0.0.1:7070")
TOKEN = os.environ.get("KILN_TOKEN")


def call(method: str, path: str, body: Any = None) -> Any:
    headers = {"content-type": "application/json"} if body is not None else {}
    if TOKEN:
        headers["authorization"] = f"Bearer {TOKEN}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=90) as answer:
        return json.load(answer)


def main(file: str, problem: str, candidates: int) -> None:
    with open(file, encoding="utf-8") as text:
        candidate = {"problem": problem, "source": text.read(), "language": "c" if file.endswith(".c") else "cuda"}
    candidate["device"] = "cpu" if file.endswith(".c") else "H100"
    sweep = call("POST", "/v1/sweeps", {"candidate": candidate, "strategy": "random", "budget": {"candidates": candidates}})
    reported, more = 0, True
    while more:
        page = call("GET", f"/v1/sweeps/{sweep['id']}/results?after={reported}&wait=30")
        for result in page["results"]:
            reported = result["reported"]
            print(result["verdict"], result["params"], result["speedup"])
        more = page["more"]


main(*(sys.argv[1:3] or ["kernels/vector_add/seeds/2-vectors.c", "vector_add"]), int((sys.argv[3:] or ["8"])[0]))
