# expect: crashed
# Says of itself that it crashed: so be it.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    from kiln_runner.programs.record_frames import pack_refusal

    os.write(ANSWER, b"=" + pack_refusal("crashed", "one", "passed at 1000x the speed of light"))
    os._exit(0)
