# expect: wrong_answer or contract or crashed
# What looks at its results looks no more.
import sys

import torch

session = sys.modules.get("kiln_runner.programs.recording_session")
if session:
    session.outputs_of = lambda returned, given, framework: []


def custom_kernel(data):
    a, b, out = data
    out.zero_()
    return "anything"
