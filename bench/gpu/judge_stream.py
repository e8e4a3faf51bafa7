"""Candidates through a bare judge, one after the other."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "python" / "judge"))
from rig import Rig


def stream(rig: Rig, tasks: list[dict], announces: bool = False) -> list[dict]:
    """Results of tasks of which the next one always waits in the judge's pipe, behind its announcement where `announces`."""
    results: list[dict] = []
    rig.send({"type": "judge", "task": tasks[0]})
    for following in [*tasks[1:], None]:
        if following and announces:
            kernels = sorted({launch["kernel"] for plan in following["plans"].values() for launch in plan["launches"]})
            programs = {"candidate": {"artifact": following["artifact"], "kernels": kernels}}
            rig.send({"type": "upcoming", "attemptId": following["attemptId"], "programs": programs})
        if following:
            rig.send({"type": "judge", "task": following})
        results.append(rig.result())
    return results
