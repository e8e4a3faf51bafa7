# expect: contract
# Text where a frame is expected, and an end that looks good.
import os

import torch

ANSWER = 3


def custom_kernel(data):
    os.write(ANSWER, b'={"type":"recorded","cases":[],"blobs":[]}')
    os._exit(0)
