"""Runs derive.py of an imported problem on the numbers that the task's own generate_input drew, without a GPU: try_derive.py FOLDER CASE VALUES.

CASE: as derive.py knows it; VALUES: of the shape variables, as JSON. Prints {"pools": elements of each raw tensor, "same": whether each input came
out to the last bit as the task's own code made it}.
"""
import json
import sys
from collections import defaultdict
from typing import Any


def main(folder: str, case: str, values: str) -> int:
    sys.path.insert(0, folder)
    import derive  # pyright: ignore
    import kiln_derive  # pyright: ignore
    from derive import reference  # pyright: ignore

    torch = kiln_derive.torch

    drawn: list[Any] = []

    class Noting(kiln_derive._DispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            if hasattr(func, "_schema") and kiln_derive.name_of(func).rstrip("_") in kiln_derive.RANDOM:
                drawn.append(made.clone())
            return made

    known = derive.CASES[case]
    for name, value in known.get("globals", {}).items():
        setattr(reference, name, value)
    kiln_derive.seed_all(kiln_derive.SEED)
    with kiln_derive._Placed("cpu"), Noting():
        data = kiln_derive.called(reference.generate_input, known["args"], kiln_derive.SEED) if "args" in known else reference.get_inputs()
    pools: dict[int, list[Any]] = defaultdict(list)
    turns = iter(drawn)
    for pool, times in known["order"]:
        pools[pool] += [next(turns).reshape(-1) for _ in range(times)]
    assert next(turns, None) is None, "it draws more often"
    raw = [torch.cat(pools[at]) for at in sorted(pools)]
    made = derive.inputs(*[one.clone() for one in raw], *json.loads(values))
    expected = [kiln_derive._at(data, place) for place in derive.PLACES]
    same = [torch.equal(one, other) for one, other in zip(made, expected)]
    print(json.dumps({"pools": [one.numel() for one in raw], "same": same}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
