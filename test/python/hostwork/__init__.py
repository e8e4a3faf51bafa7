"""Tests of the process that answers people's work on a host. `kiln_runner` is imported from the source tree."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src/gpu/runner"))
