"""What an epoch shows: one order of tools for all sets of a bundle, the target anywhere, names masked where asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from gentool.core.example import Example
from gentool.core.jsonl import write_records
from gentool.train.epochs import TrainingExamples, reorder_tools, show_epoch
from gentool.train.masking import MaskingSettings


def test_the_sets_of_a_bundle_are_ordered_alike_and_anew_in_each_epoch(examples: list[Example]) -> None:
    bundled = [example.model_copy(update={"bundle": f"b{number // 4}"}) for number, example in enumerate(examples)]
    orders = []
    for epoch in range(30):
        shown = reorder_tools(bundled, seed=0, epoch=epoch)
        slots = [tuple(example.tools.names.index(name) for name in before.tools.names) for before, example in zip(bundled, shown, strict=True)]
        assert len(set(slots[:4])) == 1
        assert len(set(slots[4:])) == 1
        orders.append(slots[0])
    assert set(orders) == {(0, 1), (1, 0)}
    assert reorder_tools(bundled, 0, 3) == reorder_tools(bundled, 0, 3)


def test_the_target_stands_in_every_slot_equally_often(examples: list[Example]) -> None:
    target = next(example for example in examples if example.kind == "one")
    copies = [target.model_copy(update={"pair": str(number)}) for number in range(1000)]
    places = Counter(example.tools.names.index("forecast") for example in reorder_tools(copies, seed=0, epoch=0))
    assert min(places.values()) > 440


def test_only_the_order_changes(examples: list[Example]) -> None:
    for before, shown in zip(examples, reorder_tools(examples, 0, 0), strict=True):
        assert sorted(tool.id for tool in shown.tools) == sorted(tool.id for tool in before.tools)
        assert shown.model_copy(update={"tools": before.tools}) == before


def test_names_are_masked_where_the_recipe_says_so(examples: list[Example]) -> None:
    shown = show_epoch(examples, MaskingSettings(probability=1.0), 0, 0)
    assert not {name for example in shown for name in example.tools.names} & {"forecast", "book_table", "play_song"}


def test_a_file_is_read_when_it_is_needed_and_told_by_its_content(examples: list[Example], tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    write_records(path, examples)
    training, again = TrainingExamples.of_file(path), TrainingExamples.of_file(path)
    assert training.fingerprint == again.fingerprint
    assert training.records == examples
    write_records(path, examples[:4])
    assert TrainingExamples.of_file(path).fingerprint != training.fingerprint
    assert len(again.records) == 4
