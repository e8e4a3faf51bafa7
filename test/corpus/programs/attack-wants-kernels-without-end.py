# expect: contract or compile_error or crashed
# Asks for other Triton kernels to be compiled, each time that it is recorded.
import os

import torch

from kiln_runner.frames import encode

ANSWER = 3


def answer(header, payload=b""):
    os.write(ANSWER, b"=" + encode(header, payload))
    os._exit(0)


def custom_kernel(data):
    kernels = [{"key": os.urandom(32).hex(), "kernel": f"kernel{number}", "call": "AAAA"} for number in range(256)]
    answer({"type": "wants", "kernels": kernels})
