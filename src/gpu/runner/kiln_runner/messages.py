"""What the daemon may say: shapes of its frames, the same as `ToRunner` of src/domain/protocol.ts (held by golden fixtures)."""
from typing import Any, cast

from kiln_runner.protocol import Json
from kiln_runner.protocol_programs import RECORDED_CASES_MAX
from kiln_runner.schema import (
    Shape,
    ShapeError,
    array,
    boolean,
    content_hash,
    device_id,
    either,
    integer,
    mapping,
    matching,
    nullable,
    number,
    one_of,
    record,
    string,
    union,
)

PROTOCOL_VERSION = 1
LANGUAGES = ("cuda", "triton", "c")
DTYPES = ("f64", "f32", "f16", "bf16", "i64", "i32", "u32", "i8", "u8", "f8e4m3", "f4e2m1x2")
COMPILE_OPTIONS = (
    "use_fast_math", "ftz", "prec_div", "prec_sqrt", "fmad", "extra_device_vectorization", "maxrregcount", "ptxas_opt_level",
)
SCALAR_DTYPES = ("f64", "f32", "i64", "i32", "u32")

attempt_id = matching(r"c-[0-9a-f]{32}\.[1-9]\d*", 'a candidate id, "." and a number from 1')
parameter = either(integer(), matching(r"[A-Za-z_][\w ]{0,63}", "an integer or a C identifier"))
name = matching(r"[A-Za-z_]\w{0,127}", "named by a C identifier of at most 128 characters")
environment_name = matching(r"[a-z0-9][a-z0-9._-]{0,39}", "a name of an environment")
architecture = matching(r"sm_\d{2,3}[af]?|native", '"sm_" and a number, or "native"')
millis = number(above=0)
dim3 = array(integer(1), 3, 3)


def params(value: Any) -> None:
    """Names and values become compiler options: nothing else may get through."""
    mapping(parameter)(value)
    for key in value:
        try:
            name(key)
        except ShapeError as error:
            raise error.within(key) from None


argument = union("kind", {
    "tensor": record({"name": string}),
    "scratch": record({"name": string}),
    "scalar": record({"dtype": one_of(*SCALAR_DTYPES), "value": number()}),
})
launch = record({
    "kernel": string, "grid": dim3, "block": dim3, "cluster": nullable(dim3), "shared": integer(0), "args": array(argument),
}, {"index": integer(0), "cooperative": boolean})
value = union("kind", {
    "tensor": record({"name": string}),
    "scalar": record({"dtype": one_of(*SCALAR_DTYPES), "value": number()}),
})


def plan_with(launches: Shape) -> Shape:
    return record({"launches": launches, "scratch": mapping(integer(1))}, {"symbols": array(record({"name": string, "value": value}), 1)})


plan = plan_with(array(launch, 1))
kinds: dict[str, tuple[dict[str, Shape], dict[str, Shape]]] = {
    "uniform": ({"low": number(), "high": number()}, {}),
    "normal": ({}, {"mean": number(), "std": number(above=0)}),
    "integers": ({"low": integer(), "high": integer()}, {}),
    "exponents": ({"low": integer(), "high": integer()}, {}),
    "bits": ({}, {}),
    "zeros": ({}, {}),
    "subnormal": ({}, {}),
}
component = union("kind", {kind: record({**fields, "share": number(above=0)}, more) for kind, (fields, more) in kinds.items()})
distribution = union("kind", {
    **{kind: record(fields, more) for kind, (fields, more) in kinds.items()},
    "bernoulli": record({"share": number(above=0)}),
    "permutation": record({"length": integer(1)}),
    "offsets": record({"length": integer(1), "total": integer(0)}, {"lengths_seed": integer(0)}),
    "sorted_integers": record({"length": integer(1), "low": integer(), "high": integer()}),
    "mixture": record({"of": array(component, 2, 8)}),
    "derived": record({}, {"low": integer(), "high": integer()}),
    "rule": record({}),
})
tolerance = record({"rtol": number(0), "atol": number(0), "relative_l2": number(above=0)})
tensor = record({
    "name": string, "dtype": one_of(*DTYPES), "elements": integer(1), "role": one_of("in", "out", "inout"),
    "distribution": distribution,
}, {
    "tolerance": tolerance,
    "compare": union("kind", {
        "indices": record({"of": string, "length": integer(1), "each": integer(1), "distinct": boolean}),
    }),
})
kernel_unit = record(
    {
        "language": one_of(*LANGUAGES), "source": string, "params": params,
        "architecture": architecture,
    },
    {
        "kernels": array(record({
            "name": string, "args": array(record({"pointer": boolean, "dtype": string, "divisibleBy16": boolean})),
        })),
        "numWarps": nullable(integer(1)), "numStages": nullable(integer(0)),
        # What each may be, compile/cuda_options.py says.
        "compile": record({}, {option: integer(0) for option in COMPILE_OPTIONS}),
    },
)
# What files and entry may be, programs/program_files.py says: it is the candidate's fault there, and its verdict.
program_fields: dict[str, Shape] = {
    "language": one_of("python"), "architecture": architecture, "files": array(record({"path": string, "content": string}), 1, 32),
    "entry": record({"file": string, "symbol": string, "style": string}), "environment": environment_name,
}
program_unit = record(program_fields)


def handed_data(value: Any) -> None:
    """The daemon bounds how deep it is."""
    _handed(value)


def anything(value: Any) -> None:
    """For a constructor of the program's: whatever JSON holds."""


values: dict[str, Shape] = {"int": record({"value": integer()}), "float": record({"value": number()})}
_handed = union("kind", {
    **values, "tensor": record({"name": name}), "constant": record({"value": nullable(boolean)}), "tuple": record({"items": array(handed_data)}),
    "dict": record({"entries": mapping(handed_data)}),
})
recorded_cases = array(record({
    "name": string,
    "tensors": array(record({
        "name": name, "dtype": one_of(*DTYPES), "shape": array(integer(1), 1, 8), "role": one_of("in", "out", "inout"),
        "distribution": distribution,
    }), 1),
}, {"data": handed_data, "values": mapping(union("kind", values))}), 1, RECORDED_CASES_MAX)
model_call = record({"init": record({"positional": array(anything), "keywords": mapping(anything)}), "seed": integer(0)})
record_unit = record(
    {**program_fields, "built": content_hash, "deviceModel": string, "cases": recorded_cases},
    {"model": model_call, "by": one_of("answers"), "again": integer(1)},
)
own_side = one_of("reference", "baseline", "inputs", "verify")
recorded_side = record({**program_fields, "side": own_side, "cases": recorded_cases}, {"model": model_call})


def is_program(value: Any) -> bool:
    return isinstance(value, dict) and cast(Json, value).get("language") == "python"


def compile_unit(value: Any) -> None:
    (program_unit if is_program(value) else kernel_unit)(value)


def side_unit(value: Any) -> None:
    (recorded_side if is_program(value) else kernel_unit)(value)


# Of a side that is a program there are no launches: its recording has them.
side_plan = plan_with(array(launch))
defined_case = record({
    "name": string, "kind": one_of("check", "bench"), "tensors": array(tensor), "reference": side_plan, "baseline": side_plan,
}, {"hard": array(record({"name": string, "distributions": mapping(distribution)})), "raw": array(tensor, 1), "rules": array(string, 1)})
problem_definition = record({
    "key": content_hash, "name": string,
    "tolerance": tolerance,
    "cases": array(defined_case, 1),
    "reference": side_unit, "baseline": side_unit,
}, {"inputs": recorded_side, "verify": recorded_side})
plans = mapping(plan)
timing_rules = record({
    "method": one_of("paired", "cached"), "warmupRuns": integer(0), "runsMin": integer(1), "runsMax": integer(1),
    "targetRelativeCi": number(above=0), "caseBudgetMs": millis, "baselineAgeMsMax": millis,
}, {"inputs": one_of("sampled", "fresh")})
# Either `plans` or `plansKey` (devices/plan_cache.py refuses neither and both).
judge_task = record({
    "attemptId": attempt_id, "deviceId": device_id, "problemKey": content_hash, "artifact": content_hash,
    "timing": timing_rules,
    "record": nullable(record({"artifact": content_hash, "plans": plans})),
    "limitMs": millis, "waitedMs": number(0),
}, {
    "plans": plans, "plansKey": content_hash,
    "race": record({"speedup": number(above=0), "timeNs": number(above=0), "leastNs": mapping(number(above=0))}),
    "hidden": union("kind", {
        "case": record({"case": defined_case, "plan": plan}), "program": record({"case": defined_case}),
        "refused": record({"field": string, "message": string}),
    }),
})
to_runner = union("type", {
    "attach": record({"protocol": integer(), "daemonId": string, "leaseMs": millis, "idleExitMs": millis}, {
        "unconfined": boolean,
        "environments": array(record({"name": environment_name, "python": matching(r"/[^\0\n]{1,4095}", "an absolute path")}), 0, 8),
    }),
    "problem": record({"definition": problem_definition}),
    "compile": record({"compileId": string, "unit": compile_unit, "limitMs": millis}),
    "record": record({"compileId": string, "unit": record_unit, "limitMs": millis}),
    "plans": record({"key": content_hash, "plans": plans}),
    "judge": record({"task": judge_task}),
    "profile": record({
        "profileId": string, "deviceId": device_id, "problemKey": content_hash, "artifact": content_hash, "case": string, "plan": plan,
        "limitMs": millis,
    }),
    "lend": record({"lendId": matching(r".+", "an id"), "deviceId": device_id}),
    "give_back": record({"lendId": matching(r".+", "an id")}),
    "fetch_artifact": record({"artifact": content_hash}),
    "put_artifact": record({"artifact": content_hash, "sha256": content_hash}),
    "retract": record({"attemptIds": array(attempt_id)}),
    "cancel": record({"attemptId": attempt_id}),
    "cancel_compile": record({"compileId": string}),
    "ack": record({"attemptIds": array(attempt_id)}),
    "ping": record({"nonce": integer()}),
    "refresh": record({"refreshId": string}),
    "shutdown": record({}),
})


def check_to_runner(header: Json) -> None:
    """ShapeError naming the field when the frame is not one the daemon may send."""
    to_runner(header)
