# expect: contract or compile_error or crashed
# What a kernel is compiled from runs code where it is read: in the build stage, whose walls are a program's own.
import os

import torch

from kiln_runner.frames import encode

ANSWER = 3


def answer(header, payload=b""):
    os.write(ANSWER, b"=" + encode(header, payload))
    os._exit(0)


class Runs:
    def __reduce__(self):
        return exec, ("import os; os.write(3, b'!no walls'); os._exit(0)",)


def custom_kernel(data):
    import base64
    import pickle

    call = base64.b64encode(pickle.dumps(Runs())).decode()
    answer({"type": "wants", "kernels": [{"key": "0" * 64, "kernel": "runs", "call": call}]})
