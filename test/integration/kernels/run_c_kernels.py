"""Runs compiled C kernels on fresh inputs and compares each with the reference. Standard library only.

stdin: {tolerance, cases: [{name, tensors, plans: {file: plan}}], libraries: {file: path}, reference: file}; plans and tensors as the
runner protocol has them. stdout: {"failures": [text], "microseconds": {case: {file: best of a few runs}}}.
"""
import array
import ctypes
import json
import math
import random
import struct
import sys
import time
from typing import Dict, List

BYTES = {"f64": 8, "f32": 4, "f16": 2, "bf16": 2, "i64": 8, "i32": 4, "u32": 4, "i8": 1, "u8": 1, "f8e4m3": 1, "f4e2m1x2": 1}
SCALARS = {"f64": ctypes.c_double, "f32": ctypes.c_float, "i64": ctypes.c_int64, "i32": ctypes.c_int32, "u32": ctypes.c_uint32}
GUARD, POISON, ALIGNMENT = 4096, 0xFF, 256
TIMED_RUNS = 3


class Buffer:
    """Bytes at a 256-byte boundary between two guards."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._raw = (ctypes.c_uint8 * (size + 2 * GUARD + ALIGNMENT))()
        start = ctypes.addressof(self._raw)
        self.address = start + GUARD + (-(start + GUARD)) % ALIGNMENT
        self.poison()

    def poison(self) -> None:
        ctypes.memset(self.address - GUARD, POISON, self.size + 2 * GUARD)

    def write(self, data: bytes) -> None:
        ctypes.memmove(self.address, data, self.size)

    def read(self) -> bytes:
        return ctypes.string_at(self.address, self.size)

    def guards_hold(self) -> bool:
        edges = ctypes.string_at(self.address - GUARD, GUARD) + ctypes.string_at(self.address + self.size, GUARD)
        return edges == bytes([POISON]) * (2 * GUARD)


def whole_numbers(elements: int, distribution: dict) -> List[int]:
    kind = distribution["kind"]
    if kind == "integers":
        return [random.randint(distribution["low"], distribution["high"]) for _ in range(elements)]
    if kind == "bernoulli":
        return [int(random.random() < distribution["share"]) for _ in range(elements)]
    length, drawn = distribution["length"], []
    for _ in range(elements // length):
        if kind == "permutation":
            drawn += random.sample(range(length), length)
        elif kind == "sorted_integers":
            drawn += sorted(random.randint(distribution["low"], distribution["high"]) for _ in range(length))
        else:
            assert kind == "offsets", kind
            drawn += [0, *sorted(random.randint(0, distribution["total"]) for _ in range(length - 2)), distribution["total"]]
    return drawn


def draw(dtype: str, elements: int, distribution: dict) -> bytes:
    if dtype == "i32":
        return array.array("i", whole_numbers(elements, distribution)).tobytes()
    if dtype == "u8":
        return bytes(whole_numbers(elements, distribution))
    if dtype == "f4e2m1x2":
        return random.randbytes(elements)
    if dtype == "f8e4m3":  # any scale from 0.25 to below 2
        return bytes(random.randrange(0x28, 0x40) for _ in range(elements))
    low, high = (distribution["low"], distribution["high"]) if distribution["kind"] == "uniform" else (-3.0, 3.0)
    values = array.array("f", (low + (high - low) * random.random() for _ in range(elements)))
    if dtype == "f32":
        return values.tobytes()
    if dtype == "f16":
        return struct.pack(f"<{elements}e", *values)
    assert dtype == "bf16", dtype
    return array.array("H", (word >> 16 for word in array.array("I", values.tobytes()))).tobytes()


def fresh_inputs(case: dict) -> Dict[str, bytes]:
    """The same in every run: a failure comes again."""
    random.seed(case["name"])
    return {t["name"]: draw(t["dtype"], t["elements"], t["distribution"]) for t in case["tensors"] if t["role"] == "in"}


def numbers(dtype: str, data: bytes) -> List[float]:
    if dtype == "f16":
        return list(struct.unpack(f"<{len(data) // 2}e", data))
    if dtype == "bf16":
        data = array.array("I", (half << 16 for half in array.array("H", data))).tobytes()
    return list(array.array("f", data))


def launch(library: ctypes.CDLL, plan: dict, buffers: Dict[str, Buffer]) -> None:
    scratch = {name: Buffer(size) for name, size in plan["scratch"].items()}
    for step in plan["launches"]:
        args = []
        for arg in step["args"]:
            if arg["kind"] == "scalar":
                args.append(SCALARS[arg["dtype"]](arg["value"]))
            else:
                args.append(ctypes.c_void_p({**buffers, **scratch}[arg["name"]].address))
        getattr(library, step["kernel"])(*args)
    assert all(buffer.guards_hold() for buffer in scratch.values()), "wrote outside a scratch buffer"


def complaint(tolerance: dict, dtype: str, actual: bytes, expected: bytes) -> str:
    got, wanted = numbers(dtype, actual), numbers(dtype, expected)
    error = norm = 0.0
    for index, (x, y) in enumerate(zip(got, wanted)):
        if not abs(x - y) <= tolerance["atol"] + tolerance["rtol"] * abs(y):
            return f"element {index} is {x}, expected {y}"
        error += (x - y) ** 2
        norm += y * y
    limit = tolerance["relative_l2"] * math.sqrt(norm) + tolerance["atol"] * math.sqrt(len(wanted))
    return "" if math.sqrt(error) <= limit else f"the norm of the difference is {math.sqrt(error)}, allowed is {limit}"


def misplaced(compare: dict, actual: bytes, expected: bytes, elements: List[float]) -> str:
    """Of indices of the last axis of the input whose `elements` these are."""
    got, wanted = array.array("i", actual), array.array("i", expected)
    each, length = compare["each"], compare["length"]
    for row in range(len(got) // each):
        places = got[row * each:(row + 1) * each]
        if compare["distinct"] and len(set(places)) < each:
            return f"row {row} has an index twice"
        for at, (index, known) in enumerate(zip(places, wanted[row * each:])):
            if not 0 <= index < length or elements[row * length + index] != elements[row * length + known]:
                return f"index {at} of row {row} is {index}, expected {known} or an equal"
    return ""


def judge(case: dict, task: dict, libraries: Dict[str, ctypes.CDLL], report: dict) -> None:
    buffers = {tensor["name"]: Buffer(tensor["elements"] * BYTES[tensor["dtype"]]) for tensor in case["tensors"]}
    inputs = fresh_inputs(case)
    dtypes = {tensor["name"]: tensor["dtype"] for tensor in case["tensors"]}
    outputs = [tensor for tensor in case["tensors"] if tensor["role"] == "out"]
    expected: Dict[str, bytes] = {}
    for file in [task["reference"], *(name for name in case["plans"] if name != task["reference"])]:
        best = math.inf
        for _ in range(TIMED_RUNS if case["timed"] else 1):
            for buffer in buffers.values():
                buffer.poison()
            for name, data in inputs.items():
                buffers[name].write(data)
            start = time.perf_counter()
            launch(libraries[file], case["plans"][file], buffers)
            best = min(best, time.perf_counter() - start)
        found = [name for name, data in inputs.items() if buffers[name].read() != data]
        wrong = [f"changed input {name}" for name in found]
        wrong += [f"wrote outside {name}" for name, buffer in buffers.items() if not buffer.guards_hold()]
        for tensor in outputs:
            actual = buffers[tensor["name"]].read()
            known = expected.setdefault(tensor["name"], actual)
            compare = tensor.get("compare")
            if compare:
                text = misplaced(compare, actual, known, numbers(dtypes[compare["of"]], inputs[compare["of"]]))
            else:
                text = complaint(tensor.get("tolerance", task["tolerance"]), tensor["dtype"], actual, known)
            wrong += [f"{tensor['name']}: {text}"] if text else []
        report["failures"] += [f"{file}, case {case['name']}: {text}" for text in wrong]
        report["microseconds"].setdefault(case["name"], {})[file] = round(best * 1e6)


def main() -> None:
    task = json.load(sys.stdin)
    libraries = {file: ctypes.CDLL(path) for file, path in task["libraries"].items()}
    report: dict = {"failures": [], "microseconds": {}}
    for case in task["cases"]:
        judge(case, task, libraries, report)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
