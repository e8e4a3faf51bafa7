"""An environment for programs beside simulated GPUs, for tests: what is built and recorded in it is made of its own name."""
import os

from kiln_runner.host.environments import DEFAULT_NAME, FoundEnvironments
from kiln_runner.protocol import Environment

RECORDER_VARIABLE = "KILN_SIMULATED_RECORDER"
KEY = "5" * 64


def simulated_environments() -> FoundEnvironments:
    """None, unless the variable asks for it."""
    if not os.environ.get(RECORDER_VARIABLE):
        return FoundEnvironments([], [], [])
    environment: Environment = {
        "name": DEFAULT_NAME, "key": KEY, "python": "3", "torch": "simulated", "triton": None, "cuda": None, "packages": {},
        "sandbox": {"level": "namespaces", "boundedBy": "watching"}, "recorder": "simulated", "warnings": [],
    }
    return FoundEnvironments([environment], [{"name": DEFAULT_NAME, "path": "/nowhere", "key": KEY}], [])
