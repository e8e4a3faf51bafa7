# expect: crashed or contract
# Files without an end: its place to write is small and goes with it.
import os


def custom_kernel(data):
    for number in range(10_000_000):
        with open(os.path.join(os.environ["HOME"], f"file{number}"), "wb") as file:
            file.write(bytes(65536))
