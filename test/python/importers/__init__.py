"""Tests of what describes files of other benchmarks. `kiln_describe` is imported from the source tree."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src/importers/describe"))
