"""Other benchmarks by name: `NAME:PATH` comes in, its examples with their own gold go out. Called by gentool.bench_run.

Each benchmark has its reader in a file of its own, `bench_NAME`; docs/benchmarks.md has their rules.
"""

from __future__ import annotations

from pathlib import Path

from gentool.core.errors import CatalogueError
from gentool.formats.bench import Bench

NAMES = ("bfcl", "acebench", "rotbench", "seal_tools", "toolalpaca", "when2call", "metatool")


def name_of_bench(spec: str) -> str:
    """The benchmark's name in `NAME:PATH`. Raises CatalogueError with the known names."""
    name, separator, path = spec.partition(":")
    if name not in NAMES or not separator or not path:
        raise CatalogueError(f"unknown benchmark '{spec}': write NAME:FOLDER with NAME one of {', '.join(NAMES)}")
    return name


def read_bench(spec: str) -> Bench:
    """The benchmark that `NAME:PATH` names, from its folder or one of its files.

    Raises CatalogueError for an unknown name, a path that is not there, or one that holds no usable example; RecordError at
    a file that is broken.
    """
    name, path = name_of_bench(spec), Path(spec.partition(":")[2])
    if not path.exists():
        raise CatalogueError(f"{path}: no such file or folder to read {name} from")
    bench = _read(name, path)
    if not bench.examples:
        first = f"; the first refusal: {bench.refused[0].where}: {bench.refused[0].reason}" if bench.refused else ""
        raise CatalogueError(f"{path}: holds no usable example of {name}{first}")
    return bench


def _read(name: str, path: Path) -> Bench:
    match name:
        case "bfcl":
            from gentool.formats.bench_bfcl import read_bfcl

            return read_bfcl(path)
        case "acebench":
            from gentool.formats.bench_acebench import read_acebench

            return read_acebench(path)
        case "rotbench":
            from gentool.formats.bench_rotbench import read_rotbench

            return read_rotbench(path)
        case "seal_tools":
            from gentool.formats.bench_seal_tools import read_seal_tools

            return read_seal_tools(path)
        case "toolalpaca":
            from gentool.formats.bench_toolalpaca import read_toolalpaca

            return read_toolalpaca(path)
        case "when2call":
            from gentool.formats.bench_when2call import read_when2call

            return read_when2call(path)
        case "metatool":
            from gentool.formats.bench_metatool import read_metatool

            return read_metatool(path)
    raise AssertionError(name)
