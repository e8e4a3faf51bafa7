"""`compile-worker --probe`: compiles a known source with each compiler of the host, confined as candidates are. {tools, architecture} on
stdin; {level, why, failures: {language: what went wrong}} on stdout. A tool chain whose files the walls hide is seen here, not in verdicts.
"""
import json
import sys
import tempfile

from kiln_runner.compile.cell import Cell
from kiln_runner.compile.confinement import NO_LEVEL, support
from kiln_runner.compile.native import known_unit
from kiln_runner.compile.units import Infra
from kiln_runner.protocol import Json, Language

_LOG_CHARS_MAX = 500


def probe() -> Json:
    asked = json.load(sys.stdin)
    tools, found = asked["tools"], support()
    if found.level == NO_LEVEL:
        return {**found._asdict(), "failures": {}}
    # nvcc takes seconds: a worker tries it before its first source.
    languages: list[Language] = [*(["c"] if tools["gcc"] else []), *(["cuda"] if tools["nvrtc"] else [])]
    with tempfile.TemporaryDirectory(prefix="kiln-probe-") as folder:
        cell = Cell(tools, folder)
        reported = {language: _failure(cell, language, asked["architecture"]) for language in languages}
        cell.stop()
    return {**found._asdict(), "failures": {language: why for language, why in reported.items() if why}}


def _failure(cell: Cell, language: Language, architecture: str) -> str:
    """Empty where all is well."""
    try:
        built = cell.compile(known_unit(language, architecture))
    except (Infra, OSError) as error:
        return str(error)
    return "" if "known" in built.kernels else built.log[:_LOG_CHARS_MAX] or "it said nothing"
