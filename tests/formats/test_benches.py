"""Benchmarks by name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gentool.core.errors import CatalogueError
from gentool.formats.benches import name_of_bench, read_bench

sys.path.insert(0, str(Path(__file__).parent))
from bfcl_files import write_bfcl


def test_a_benchmark_is_read_by_its_name(tmp_path: Path) -> None:
    bench = read_bench(f"bfcl:{write_bfcl(tmp_path)}")
    assert (bench.name, len(bench.examples)) == ("bfcl", 8)


@pytest.mark.parametrize("spec", ["bfcl", "bfcl:", "bfc:folder", ":folder", ""])
def test_an_unknown_name_says_what_is_known(spec: str) -> None:
    with pytest.raises(
        CatalogueError, match=r"write NAME:FOLDER with NAME one of bfcl, acebench, rotbench, seal_tools, toolalpaca, when2call, metatool"
    ):
        name_of_bench(spec)


@pytest.mark.parametrize("name", ["bfcl", "acebench", "rotbench"])
def test_a_folder_that_is_not_there_or_holds_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no such file or folder to read"):
        read_bench(f"{name}:{tmp_path / 'gone'}")
    (tmp_path / "notes.json").write_text("[]", encoding="utf-8")
    with pytest.raises(CatalogueError, match=f"holds no usable example of {name}; the first refusal: notes.json: is no "):
        read_bench(f"{name}:{tmp_path}")
