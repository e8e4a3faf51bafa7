"""`hostwork-attach --dir DIR`: stdin and stdout become one connection for work on the host, where sockets cannot be forwarded."""
import argparse

from kiln_runner.bridge import become_stream
from kiln_runner.hostwork.begin import SERVER
from kiln_runner.paths import RunnerPaths, hostwork_paths


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hostwork-attach")
    parser.add_argument("--dir", required=True)
    return become_stream(hostwork_paths(RunnerPaths(parser.parse_args(argv).dir)), SERVER)
