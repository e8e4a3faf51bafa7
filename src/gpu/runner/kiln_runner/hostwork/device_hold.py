"""Holds the locks of lent devices while a command runs: no runner of this host, whosever it is, times anything on them meanwhile."""
import fcntl
import os
import time

from kiln_runner.host.device_locks import device_lock_file
from kiln_runner.hostwork.channel import Channel, Refused
from kiln_runner.judge.device_lock import WAIT_S_MAX, open_lock
from kiln_runner.judge.lock_holder import holder_of

POLL_S = 0.05


def hold(devices: list[str], channel: Channel) -> list[int]:
    """Descriptors that hold the locks until they are closed. In one order everywhere, so that two holders never wait for each other."""
    held: list[int] = []
    try:
        for device in sorted(devices):
            held.append(open_lock(str(device_lock_file(device))))
            _take(held[-1], device, channel)
    except BaseException:
        for descriptor in held:
            os.close(descriptor)
        raise
    return held


def _take(descriptor: int, device: str, channel: Channel) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = holder_of(descriptor, os.getpid())
                raise Refused(f"the lock of {device} is held by {holder}, and was not let go for {WAIT_S_MAX:g} s", "DEVICE_NOT_LENT") from None
            channel.refuse_hung_up()
            time.sleep(POLL_S)
