# expect: contract or crashed
# Says that it is the host's fault, so that it is tried again for ever.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    from kiln_runner.programs.record_frames import pack_refusal

    os.write(ANSWER, b"=" + pack_refusal("unequipped", "", "the recorder does not work here"))
    os._exit(0)
