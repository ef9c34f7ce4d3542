"""The table of BFCL's own counts: by category, its means, and what only its rules credit."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gentool.core.example import Example, Prediction
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.bfcl_table import is_of_bfcl, summarise_bfcl
from gentool.formats.bench_bfcl import CATEGORIES, read_bfcl

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
from bfcl_files import FILES, write_bfcl

ABSTENTION = json.dumps({"name": GENERATE_RESPONSE, "arguments": {}})


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    return list(read_bfcl(write_bfcl(tmp_path)).examples)


def gold(example: Example) -> str:
    return json.dumps([{"name": call.name, "arguments": call.arguments} for call in example.calls])


def table_of(examples: list[Example], answer: Callable[[Example], str]) -> dict[str, object]:
    predictions = [Prediction(id=example.id, select=answer(example), rank="") for example in examples]
    return summarise_bfcl(examples, predictions)["bfcl"]  # type: ignore[no-any-return]


def test_gold_is_right_in_every_category(examples: list[Example]) -> None:
    table = table_of(examples, gold)
    assert table["categories"] == {
        category: {"n": len(FILES[category][0]), "correct": len(FILES[category][0]), "accuracy": 1.0, "unreadable": 0, "credited_unreadable": 0}
        for category in CATEGORIES
        if category in FILES
    }
    assert (table["n"], table["errors"]) == (8, {})
    assert table["means"] == {"non_live": 1.0, "live": None, "irrelevance": 1.0, "relevance": 1.0}
    assert table["missing"] == ["simple_javascript", "parallel", "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple"]


def test_what_cannot_be_read_is_counted_where_bfcl_credits_it(examples: list[Example]) -> None:
    table = table_of(examples, lambda _: "I cannot help with that.")
    credited = {category: (found["correct"], found["credited_unreadable"]) for category, found in table["categories"].items()}  # type: ignore[attr-defined]
    assert credited == {
        "simple_python": (0, 0),
        "simple_java": (0, 0),
        "multiple": (0, 0),
        "parallel_multiple": (0, 0),
        "irrelevance": (1, 1),
        "live_irrelevance": (2, 2),
        "live_relevance": (0, 0),
    }
    assert table["errors"] == {"ast_decoder:decoder_failed": 4, "relevance_error:decoder_failed": 1}
    abstaining = table_of(examples, lambda _: ABSTENTION)
    assert abstaining["categories"]["irrelevance"]["credited_unreadable"] == 0  # type: ignore[index]
    assert abstaining["means"]["irrelevance"] == 1.0  # type: ignore[index]


def test_the_means_are_those_of_bfcl(examples: list[Example]) -> None:
    """Simple categories are one of the non-live ones; live ones count by their size."""
    simple, java, multiple, *_ = examples
    made = [
        *(simple.model_copy(update={"id": f"bfcl/p{number}"}) for number in range(3)),
        java,
        multiple,
        *(simple.model_copy(update={"id": f"bfcl/ls{number}", "category": "live_simple"}) for number in range(4)),
        multiple.model_copy(update={"id": "bfcl/lm", "category": "live_multiple"}),
    ]
    right = {"bfcl/p0", java.id, "bfcl/ls0", "bfcl/lm"}
    table = table_of(made, lambda example: gold(example) if example.id in right else ABSTENTION)
    assert table["means"] == {
        "non_live": pytest.approx(((1 / 3 + 1) / 2 + 0) / 2),
        "live": pytest.approx(2 / 5),
        "irrelevance": None,
        "relevance": None,
    }


def test_examples_of_others_have_no_such_table(make_example: Callable[..., Example]) -> None:
    example = make_example("one")
    assert not is_of_bfcl(example)
    assert summarise_bfcl([example], [Prediction(id=example.id, select="", rank="")]) == {}
