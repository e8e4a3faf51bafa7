"""What one connection asks for: its first frame says it, and the connection ends with the answer."""
import os
import socket
from pathlib import Path

from kiln_runner.frames import FrameError
from kiln_runner.hostwork import folder_listing, folder_reading, folder_writing, job_requests, shapes
from kiln_runner.hostwork.channel import Channel, Refused
from kiln_runner.hostwork.execution import Execution
from kiln_runner.schema import ShapeError

HANDLERS = {
    "list": folder_listing.list_all, "state": folder_listing.tell_states, "read": folder_reading.read, "write": folder_writing.write,
    "run": job_requests.start, "jobs": job_requests.list_all, "logs": job_requests.logs, "wait": job_requests.wait, "stop": job_requests.stop,
}


def answer(connection: socket.socket, home: Path) -> bool:
    """Whether this process can answer another one: it ran a command, and is as it was. `home`: what outlives a version of the runner lies there."""
    channel = Channel(connection)
    try:
        frame = channel.receive(shapes.opening)
        if frame is None:
            return False
        kind = frame.header["type"]
        if kind == "exec":
            Execution(channel, frame.header).run()
        else:
            HANDLERS[kind](channel, frame.header, home)
        channel.finish()
        return kind == "exec"
    except Refused as refused:
        _complain(channel, refused.code, str(refused))
    except (FrameError, ShapeError) as error:
        _complain(channel, "INVALID_REQUEST", str(error))
    except (EOFError, ConnectionError):
        # Nobody is left to be told.
        pass
    except OSError as error:
        where = f" ({os.fsdecode(error.filename)})" if error.filename else ""
        _complain(channel, "WORK_REFUSED", f"the host says: {error.strerror or error}{where}")
    return False


def _complain(channel: Channel, code: str, message: str) -> None:
    try:
        channel.connection.setblocking(True)
        channel.send({"type": "error", "code": code, "message": message})
    except OSError:
        return
    channel.finish()
