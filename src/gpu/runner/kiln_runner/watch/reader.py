"""`watch --devices ID,ID…`: reads every few seconds what NVML tells of the GPUs, and writes it as a frame. A process of its own, that its parent
kills where NVML does not answer: a driver that is stuck holds whoever asks it, for ever.
"""
import argparse
import os
import time

from kiln_runner.frames import encode
from kiln_runner.protocol_readings import HostReading
from kiln_runner.watch.nvml import Watcher
from kiln_runner.watch.simulated import read_simulated

PERIOD_S, SIMULATED_PERIOD_S = 5.0, 0.25


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="watch")
    parser.add_argument("--devices", required=True)
    parser.add_argument("--simulated", action="store_true")
    options = parser.parse_args(argv)
    devices = options.devices.split(",")
    if options.simulated:
        while True:
            _write(read_simulated(devices))
            time.sleep(SIMULATED_PERIOD_S)
    watcher = Watcher(devices)
    while True:
        _write(watcher.read())
        watcher.wait(PERIOD_S)


def _write(reading: HostReading) -> None:
    os.write(1, encode({"type": "reading", "reading": reading}))
