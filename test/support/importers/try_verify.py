"""Runs verify.py of an imported problem on outputs of the task's own reference, and on wrong ones, without a GPU: try_verify.py FOLDER ARGUMENTS.

ARGUMENTS: of generate_input, as JSON. Prints, of each, the rules that do not hold: right outputs, of other inputs, zeros, a NaN, one number that is
off. It cannot read a value: whoever does ends it.
"""
import json
import sys
from typing import Any


def main(folder: str, arguments: str) -> int:
    sys.path.insert(0, folder)
    sys.path.insert(0, f"{__file__.rsplit('/test/', 1)[0]}/src/importers/describe")
    from kiln_describe import kiln_derive  # pyright: ignore
    import verify  # pyright: ignore

    torch, reference = kiln_derive.torch, verify.reference

    class Unreadable(kiln_derive._DispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            assert "_local_scalar_dense" not in str(func), "it reads a value"
            return func(*args, **(kwargs or {}))

    def outputs(data: Any) -> list[Any]:
        returned = reference.ref_kernel(data)
        return [returned] if isinstance(returned, torch.Tensor) else list(returned)

    def unmet(data: Any, returned: list[Any]) -> list[str]:
        given = data if isinstance(data, tuple) else (data,)
        with Unreadable():
            held = verify.check(*given, *returned)
        return [rule for rule, holds in held.items() if not bool(holds)]

    with kiln_derive._Placed("cpu"):
        data, other = (kiln_derive.called(reference.generate_input, json.loads(arguments), seed) for seed in (1, 2))
    right = outputs(data)
    spoilt, off = ([one.clone() for one in right] for _ in range(2))
    last = (-1,) * right[0].ndim
    spoilt[0][last] = float("nan")
    off[0][last] += 1
    tried = {"right": right, "others": outputs(other), "zeros": [torch.zeros_like(one) for one in right], "spoilt": spoilt, "off": off}
    print(json.dumps({name: unmet(data, returned) for name, returned in tried.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
