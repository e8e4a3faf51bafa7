"""`runner profile --device ID --ordinal N --cache DIR --lock FILE --work DIR [--ncu PATH] [--simulated]`: profiles one candidate.

One frame in: {type: "profile", case: DefinedCase, plan, artifact, resources, model}. The last frame out: {type: "profiled", result} as the
protocol has it, with ncu's report for its payload; before it {type: "waiting", begins} of waits for the device's lock, which it holds
while it measures, so that nobody times beside it.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Literal, Optional, cast

from kiln_runner.frames import encode, read_frame
from kiln_runner.identity import self_command
from kiln_runner.judge.device_lock import DeviceLock
from kiln_runner.judge.failures import InfraFailure
from kiln_runner.judge.stopwatch import Stopwatch
from kiln_runner.parent_death import PARENT_VARIABLE, request_signal
from kiln_runner.profile.ncu import Report, measure, missing
from kiln_runner.profile.unmeasured import unmeasured
from kiln_runner.protocol import Json
from kiln_runner.protocol_profiles import KernelProfile, ProfileResult, ProfileSummary

# What a connection can carry beside its results without being mistaken for a dead one.
REPORT_BYTES_MAX = 16 * 1024 * 1024
WORDS_CHARS_MAX = 500
SIMULATED_NOTE = "simulated device: nothing runs on it, so there is nothing to measure"


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="profile")
    for name in ("device", "ordinal", "cache", "lock", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--ncu")
    parser.add_argument("--simulated", action="store_true")
    options = parser.parse_args(argv)
    _take_the_group_along()
    frame = read_frame(sys.stdin.buffer)
    if frame is None:
        return 1
    result, report = _simulated(frame[0]) if options.simulated else _profile(options, frame[0])
    sys.stdout.buffer.write(encode({"type": "profiled", "result": result}, report))
    sys.stdout.buffer.flush()
    return 0


def _kill_group(_number: int, _frame: Optional[FrameType]) -> None:
    os.killpg(0, signal.SIGKILL)


def _take_the_group_along() -> None:
    """The server's death must end ncu and the candidate too, not only this process."""
    signal.signal(signal.SIGTERM, _kill_group)
    request_signal(signal.SIGTERM)
    server = os.environ.get(PARENT_VARIABLE)
    if server is not None and os.getppid() != int(server):
        # It was gone before the kernel was asked to tell.
        sys.exit(1)


def _simulated(request: Json) -> tuple[ProfileResult, bytes]:
    kernels = [unmeasured(launch["kernel"]) for launch in request["plan"]["launches"]]
    return _done(request, "binary", SIMULATED_NOTE, kernels), b""


def _profile(options: argparse.Namespace, request: Json) -> tuple[ProfileResult, bytes]:
    asked, facts_file = Path(options.work, "request.json"), Path(options.work, "facts.json")
    asked.write_text(json.dumps(request))
    command = self_command(
        "profile-launch", "--device", options.device, "--ordinal", options.ordinal, "--cache", options.cache, str(asked), str(facts_file)
    )
    try:
        report, facts = _measured(options, command, facts_file)
    except InfraFailure as failure:
        return {"status": "infra", "failure": {"code": failure.code, "message": str(failure)}}, b""
    return _result(request, facts, report)


def _measured(options: argparse.Namespace, command: list[str], facts_file: Path) -> tuple[Report, Json]:
    with DeviceLock(options.lock).exclusive(Stopwatch(_tell_wait)):
        report = measure(options.ncu, command, facts_file.parent) if options.ncu else missing()
        facts = _facts(facts_file)
        # What ncu's refusal does to the launches it was to watch must not count against the candidate.
        if not report.kernels and "kernels" not in facts:
            facts = _run_bare(command, facts_file)
    return report, facts


def _tell_wait(begins: bool) -> None:
    sys.stdout.buffer.write(encode({"type": "waiting", "begins": begins}))
    sys.stdout.buffer.flush()


def _facts(file: Path) -> Json:
    return json.loads(file.read_text()) if file.exists() else {}


def _run_bare(command: list[str], facts_file: Path) -> Json:
    """Without ncu; with the process's last words where it leaves no facts."""
    facts_file.unlink(missing_ok=True)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    words = f"the launching process ended with {done.returncode}: {done.stdout.decode(errors='replace')[-WORDS_CHARS_MAX:].strip()}"
    return _facts(facts_file) or {"infra": {"code": "worker_died", "message": words}}


def _result(request: Json, facts: Json, report: Report) -> tuple[ProfileResult, bytes]:
    if "infra" in facts:
        return {"status": "infra", "failure": facts["infra"]}, b""
    if "failed" in facts:
        return {"status": "failed", "message": facts["failed"]}, b""
    kernels, note = merged(facts["kernels"], report)
    too_large = len(report.raw) > REPORT_BYTES_MAX
    if too_large:
        note = f"the report is left out: it has {len(report.raw)} bytes, the limit is {REPORT_BYTES_MAX}"
    return _done(request, "ncu" if report.kernels else "binary", note, kernels), b"" if too_large else report.raw


def merged(facts: list[Json], report: Report) -> tuple[list[Json], Optional[str]]:
    """What was measured over what the code tells, launch by launch."""
    if len(report.kernels) not in (0, len(facts)):
        note = f"ncu saw {len(report.kernels)} of {len(facts)} launches; the rest follows from the compiled code alone"
    else:
        note = report.trouble
    measured = [*report.kernels, *([{}] * len(facts))]
    return [{**fact, **{name: value for name, value in seen.items() if value is not None}} for fact, seen in zip(facts, measured)], note


def _done(request: Json, source: Literal["ncu", "binary"], note: Optional[str], kernels: list[Json]) -> ProfileResult:
    summary: ProfileSummary = {
        "source": source, "note": note, "case": request["case"]["name"], "deviceModel": request["model"],
        "kernels": cast(list[KernelProfile], kernels),
    }
    return {"status": "done", "summary": summary}
