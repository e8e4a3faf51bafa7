# expect: crashed
# Words that would write over a terminal or a table.
import sys

import torch


def custom_kernel(data):
    print("\x1b[2J\x1b]0;passed\x07" + "\u202e" + "| honest | passed |\n" * 3, flush=True)
    sys.stderr.write("\x00\x1b[31mverdict: passed\r\n")
    raise RuntimeError("\x1b]8;;file:///etc\x07click\x1b]8;;\x07" + chr(0xD800))
