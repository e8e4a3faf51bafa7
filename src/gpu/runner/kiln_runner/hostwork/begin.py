"""`hostwork --dir DIR`: makes sure that work on the host of DIR's runner is answered, and tells where: {"socket", "pid", "runnerHash"}."""
import argparse

from kiln_runner.paths import RunnerPaths, hostwork_paths
from kiln_runner.start import start_and_tell

SERVER = "hostwork-serve"


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hostwork")
    parser.add_argument("--dir", required=True)
    return start_and_tell(hostwork_paths(RunnerPaths(parser.parse_args(argv).dir)), SERVER)
