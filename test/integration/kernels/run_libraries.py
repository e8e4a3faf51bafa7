"""Runs a problem's library program on the CPU, on fresh inputs, and compares it with the compiled C reference. Needs PyTorch.

stdin: {tolerance, cases: [{name, tensors, values, plan}], reference: path of a library, program: {path, symbol}}; plans and tensors as the runner
protocol has them, `values` the shape variables and scalars. stdout: {"failures": [text]}.
"""
import ctypes
import importlib.util
import json
import os
import sys

import torch
from run_c_kernels import BYTES, Buffer, complaint, fresh_inputs, launch, misplaced, numbers

from kiln_runner.programs.calling import Given, callable_of
from kiln_runner.programs.framework import TYPES, Torch


def program_of(path, symbol):
    spec = importlib.util.spec_from_file_location("library", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return callable_of(getattr(module, symbol), "function", None, Torch())


def rms_norm(x, _shape, weight, eps):
    """As PyTorch has it from 2.4 on."""
    wide = x.float()
    return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps) * weight.float()).to(x.dtype)


def tensor_of(spec, data):
    flat = torch.frombuffer(bytearray(data), dtype=getattr(torch, TYPES[spec["dtype"]]))
    return flat.reshape(spec["shape"])


def called(call, case, given):
    """An old PyTorch multiplies no halves on the CPU: then the same numbers in f32, and its result as a half."""
    try:
        return call(case, given)
    except RuntimeError as error:
        if "not implemented for 'Half'" not in str(error):
            raise
    wide = [Given(one.spec, one.tensor.float() if one.tensor is not None and one.tensor.dtype == torch.float16 else one.tensor) for one in given]
    return call(case, wide).half()


def expected_of(case, reference, inputs):
    buffers = {spec["name"]: Buffer(spec["elements"] * BYTES[spec["dtype"]]) for spec in case["tensors"]}
    for name, data in inputs.items():
        buffers[name].write(data)
    launch(reference, case["plan"], buffers)
    return {name: buffer.read() for name, buffer in buffers.items()}


def judge(case, task, reference, call):
    inputs = fresh_inputs(case)
    specs = {spec["name"]: spec for spec in case["tensors"]}
    given = [Given(spec, tensor_of(spec, inputs[spec["name"]]) if spec["role"] == "in" else None) for spec in case["tensors"]]
    expected = expected_of(case, reference, inputs)
    outputs = [one for one in given if one.spec["role"] == "out"]
    returned = called(call, case, given)
    values = returned if isinstance(returned, tuple) else (returned,)
    if len(values) != len(outputs):
        yield f"it returned {len(values)} tensors for {len(outputs)} outputs"
        return
    for value, (spec, _) in zip(values, outputs):
        name, wanted = spec["name"], getattr(torch, TYPES[spec["dtype"]])
        if value.dtype != wanted or list(value.shape) != spec["shape"]:
            yield f"{name} is {value.dtype} {list(value.shape)}"
            continue
        actual = ctypes.string_at(value.contiguous().data_ptr(), spec["elements"] * BYTES[spec["dtype"]])
        compare = spec.get("compare")
        if compare:
            of = specs[compare["of"]]
            text = misplaced(compare, actual, expected[name], numbers(of["dtype"], inputs[of["name"]]))
        else:
            text = complaint(spec.get("tolerance", task["tolerance"]), spec["dtype"], actual, expected[name])
        if text:
            yield f"{name}: {text}"


def main():
    task = json.load(sys.stdin)
    if not hasattr(torch.nn.functional, "rms_norm"):
        torch.nn.functional.rms_norm = rms_norm
    call = program_of(task["program"]["path"], task["program"]["symbol"])
    reference = ctypes.CDLL(os.path.abspath(task["reference"]))
    failures = [f"case {case['name']}: {text}" for case in task["cases"] for text in judge(case, task, reference, call)]
    json.dump({"failures": failures}, sys.stdout)


if __name__ == "__main__":
    main()
