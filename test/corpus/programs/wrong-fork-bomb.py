# expect: timed_out or contract
# Processes without an end: their number is bounded, and so is their time.
import os


def custom_kernel(data):
    while True:
        try:
            os.fork()
        except OSError:
            pass
