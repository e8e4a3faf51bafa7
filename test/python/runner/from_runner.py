"""The shapes of everything a runner says, the same as `FromRunner` of src/domain/protocol.ts (held by the golden fixtures)."""
from kiln_runner.messages import LANGUAGES, attempt_id, millis
from kiln_runner.schema import (
    array,
    boolean,
    content_hash,
    device_id,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    record,
    string,
    union,
)

INFRA_CODES = (
    "unknown_problem", "unknown_artifact", "reference_failed", "baseline_failed", "problem_refused", "device_lost", "compiler_missing",
    "out_of_memory", "out_of_disk", "worker_died", "lease_expired", "device_locked", "suspended", "compiler_failed", "toolchain_incomplete",
    "environment_missing", "addresses_clash", "pair_failed", "internal",
)
device = record({
    "id": device_id, "kind": one_of("gpu", "cpu"), "model": string, "architecture": string, "memoryBytes": number(0),
    "multiprocessors": integer(0), "l2Bytes": number(0), "copyBytesPerSecond": nullable(number(above=0)), "unavailable": nullable(string),
}, {"hostMemory": nullable(string), "processor": record({"isa": array(string), "caches": mapping(integer(0))})})
statistics = record({
    "runs": integer(1), "batch": integer(1), "medianNs": millis, "trimmedMeanNs": millis, "minNs": millis, "p95Ns": millis,
    "ciLowNs": millis, "ciHighNs": millis,
}, {"p10Ns": millis, "humps": record({"lowNs": millis, "highNs": millis, "lowShare": number(0)})})
case_timing = record(
    {
        "case": string, "candidate": statistics, "baseline": statistics, "method": one_of("paired", "cached"),
        "speedup": millis, "speedupLow": millis, "speedupHigh": millis,
    },
    {
        "record": record({"ratio": millis, "ratioLow": millis, "ratioHigh": millis}), "inputs": one_of("sampled", "fresh"),
        "unsteady": boolean,
        "recorded": array(record({"kernel": string, "library": nullable(string), "share": number(0)})),
        "answers": record({"semantics": one_of("released", "call"), "uncertaintyNs": millis, "nullNs": millis}),
    },
)
mismatch = record({
    "tensor": string, "index": integer(0), "expected": string, "actual": string, "mismatches": integer(0), "elements": integer(1),
    "relativeL2": string,
}, {
    "rule": one_of("element", "norm", "index", "check", "finite", "repeat"), "error": string, "limit": string,
    "largest": record({"index": integer(0), "expected": string, "actual": string, "error": string}),
    "near": array(record({"index": integer(0), "expected": string, "actual": string})),
})
outcome = union("verdict", {
    "passed": record({"timings": array(case_timing, 1), "checkedCases": integer(1)}, {
        "stopped": record({
            "after": one_of("warm-up", "runs", "case"), "case": string, "speedupMost": millis, "timeLeastNs": millis,
            "needed": record({"speedup": millis, "timeNs": millis}),
        }),
    }),
    "compile_error": record({"log": string}),
    "plan_error": record({"field": string, "message": string}),
    "wrong_answer": record({"case": string, "stage": one_of("check", "timed_run"), "mismatch": mismatch}, {"inputs": string}),
    "modified_input": record({"case": string, "tensor": string}),
    "out_of_bounds": record(
        {"case": string, "tensor": string, "side": one_of("before", "after"), "distanceBytes": integer(0)}, {"access": one_of("read", "write")}
    ),
    "crashed": record({"case": string, "message": string}, {"lostMs": number(0)}),
    "timed_out": record(
        {"stage": one_of("compile", "check", "measure"), "case": string, "limitMs": millis}, {"lostMs": number(0)}
    ),
    "implausible": record({"case": string, "medianNs": millis, "floorNs": millis, "message": string}),
    "contract": record({"case": string, "message": string}),
    "cancelled": record({}),
    "infra_failed": record({"message": string}),
})
infra = record({"code": one_of(*INFRA_CODES), "message": string})
phases = record({
    name: number(0) for name in ("waitedMs", "idleGapMs", "loadMs", "checkMs", "measureMs", "lockMs", "totalMs")
})
telemetry = record({
    "deviceId": string, "smClockMhz": nullable(number()), "memoryClockMhz": nullable(number()), "powerW": nullable(number()),
    "temperatureC": nullable(number()), "throttleReasons": array(string),
})
judge_result = record({
    "attemptId": attempt_id, "deviceId": device_id, "outcome": nullable(outcome), "infra": nullable(infra), "phases": phases,
    "telemetry": nullable(telemetry),
})
resources = record({"registers": integer(0), "sharedBytes": integer(0), "spillBytes": integer(0)})
compile_result = union("status", {
    "compiled": record({
        "artifact": content_hash, "cached": boolean, "durationMs": number(0), "log": string, "compiler": string,
        "resources": mapping(resources),
    }, {"finishesInRecorder": boolean}),
    "failed": record({"outcome": outcome, "durationMs": number(0), "compiler": string}),
    "infra": record({"failure": infra}),
})
inventory = record({
    "hostname": string, "machineId": string, "cores": integer(1), "memoryBytes": number(0), "python": string,
    "driver": nullable(string), "nvrtc": nullable(string), "nvcc": nullable(string), "gcc": nullable(string),
    "triton": nullable(string), "ncu": nullable(string), "languages": array(one_of(*LANGUAGES)), "compileSlots": integer(1),
    "devices": array(device), "warnings": array(string),
}, {
    "compilers": mapping(string), "confinement": record({"level": one_of("namespaces", "landlock", "none"), "why": string}),
    "environments": array(record({
        "name": string, "key": content_hash, "python": string, "torch": nullable(string), "triton": nullable(string), "cuda": nullable(string),
        "packages": mapping(string), "recorder": one_of("cupti", "simulated", "none"), "warnings": array(string),
        "sandbox": record({"level": one_of("namespaces", "landlock", "none"), "boundedBy": one_of("control group", "watching")}),
    }), 0, 8),
})
use = record({
    "measuringMs": number(), "checkingMs": number(), "loadingMs": number(), "idleWithWorkMs": number(),
    "idleWithoutWorkMs": number(), "faultMs": number(), "judged": integer(0),
}, {"profilingMs": number(0)})
device_reading = record({
    "deviceId": device_id, "lost": nullable(string), "smClockMhz": nullable(number()), "memoryClockMhz": nullable(number()),
    "powerW": nullable(number()), "temperatureC": nullable(number()), "throttleReasons": array(string),
    "ecc": nullable(record({
        name: integer(0) for name in ("volatileCorrected", "volatileUncorrected", "aggregateCorrected", "aggregateUncorrected")
    })),
    "remappedRows": nullable(record({"correctable": integer(0), "uncorrectable": integer(0), "pending": boolean, "failed": boolean})),
    "xids": array(record({"code": integer(), "count": integer(0)})), "foreign": nullable(string),
})
reading = record({
    "nvml": one_of("answers", "missing", "failed", "mismatch", "hangs"), "message": nullable(string), "devices": array(device_reading),
})
share = number(0)
kernel_profile = record({
    "kernel": string, "registers": nullable(integer(0)), "spillBytes": nullable(integer(0)), "sharedBytes": nullable(integer(0)),
    "occupancyTheoretical": nullable(share), "occupancyAchieved": nullable(share), "occupancyLimiter": nullable(string),
    "durationNs": nullable(millis), "memoryPeakShare": nullable(share), "computePeakShare": nullable(share),
    "l2HitRate": nullable(share), "bankConflictShare": nullable(share),
    "stalls": array(record({"reason": string, "share": share}), 0, 5),
})
profile_result = union("status", {
    "done": record({"summary": record({
        "source": one_of("ncu", "binary"), "note": nullable(string), "case": string, "deviceModel": string,
        "kernels": array(kernel_profile, 0, 16),
    })}),
    "failed": record({"message": string}),
    "infra": record({"failure": infra}),
})
_from_runner = union("type", {
    "hello": record({
        "protocol": integer(), "runnerId": string, "runnerHash": string, "inventory": inventory, "queued": array(attempt_id),
        "running": array(attempt_id), "finished": array(attempt_id), "problems": array(content_hash),
    }, {"unavailable": nullable(string)}),
    "compiled": record({"compileId": string, "result": compile_result}),
    "started": record({"attemptId": attempt_id, "deviceId": device_id}),
    "result": record({"result": judge_result, "started": nullable(attempt_id)}),
    "profiled": record({"profileId": string, "result": profile_result}),
    "artifact": record({"artifact": content_hash, "sha256": nullable(content_hash), "failure": nullable(infra)}),
    "lent": record({"lendId": string, "failure": nullable(infra)}),
    "artifact_stored": record({"artifact": content_hash, "failure": nullable(infra)}),
    "retracted": record({"attemptIds": array(attempt_id)}),
    "pong": record({"nonce": integer()}),
    "inventory": record({"inventory": nullable(inventory), "failure": nullable(string), "refreshIds": array(string)}),
    "health": record({
        "devices": array(device), "compileQueued": integer(0), "compileRunning": integer(0), "use": mapping(use),
    }, {"unavailable": nullable(string), "resting": nullable(string), "reading": reading}),
    "error": record({"code": string, "message": string}),
})


def check_from_runner(header: dict) -> None:
    _from_runner(header)
