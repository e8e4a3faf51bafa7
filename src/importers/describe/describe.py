"""Describes files of other benchmarks: TASKS.json in, answers as JSON on standard output. Run by `kiln import` with a Python that has PyTorch."""
import sys

from kiln_describe.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
