"""What a model can do is found by trying it, and what it cannot is said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from gentool.engines import decode_check
from gentool.engines.decode_check import LEAST, choose_ways, difference, make_rows

sys.path.insert(0, str(Path(__file__).parent))
from random_models import make_model, make_prompts

PROMPT = make_prompts()[0]
WAYS = {
    "llama": ("ragged", "packed"),
    "qwen3": ("ragged", "packed"),
    "phi": ("ragged", "packed"),
    "mistral of a wide window": ("ragged", "packed"),
    "mistral of a short window": ("aligned", "rows"),
    "lfm2": ("aligned", "rows"),
    "qwen3 next": ("aligned", "rows"),
}


@pytest.mark.parametrize(("name", "length"), [*((name, len(PROMPT)) for name in WAYS), ("llama", LEAST), ("lfm2", LEAST)])
def test_models_go_the_best_way_that_they_can(name: str, length: int) -> None:
    ways = choose_ways(make_model(name), PROMPT[:length])
    assert (ways.shared, ways.scoring, ways.refused) == (*WAYS[name], ())


def test_a_model_that_counts_places_by_itself_is_not_padded_in_the_middle() -> None:
    ways = choose_ways(make_model("mpt"), PROMPT)
    assert (ways.shared, ways.scoring) == ("aligned", "rows")
    assert [reason.split(":")[0] for reason in ways.refused] == ["shared prompts (ragged)", "scores of choices (packed)"]
    assert "its logits differ by" in ways.refused[0]


def test_a_model_that_raises_says_why() -> None:
    model = make_model("bloom")
    ways = choose_ways(model, PROMPT)
    assert (ways.shared, ways.scoring) == ("ragged", "rows")
    (reason,) = ways.refused
    assert reason.startswith("scores of choices (packed): ")


@pytest.mark.parametrize("fault", ["forgets", "raises"])
def test_a_model_whose_cache_is_wrong_is_read_plainly(fault: str) -> None:
    model = make_model("llama")
    forward = model.model.layers[1].self_attn.forward

    def forgetful(hidden_states: Any, past_key_values: Any = None, **others: Any) -> Any:
        if past_key_values is not None and fault == "raises":
            raise RuntimeError("no cache here\nat all")
        if past_key_values is not None and past_key_values.get_seq_length() > 4:
            hidden_states = hidden_states * 0.9
        return forward(hidden_states=hidden_states, past_key_values=past_key_values, **others)

    model.model.layers[1].self_attn.forward = forgetful
    ways = choose_ways(model, PROMPT)
    assert (ways.shared, ways.scoring) == ("none", "separate")
    expected = "no cache here" if fault == "raises" else "its logits differ by"
    assert len(ways.refused) == 2 and all(expected in reason for reason in ways.refused)


def test_a_window_that_some_prompts_exceed_needs_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("mistral of a wide window")
    compare = decode_check.compare_logits
    monkeypatch.setattr(decode_check, "compare_logits", lambda model, rows, way: "broken" if way == "aligned" else compare(model, rows, way))
    assert choose_ways(model, PROMPT).shared == "none"
    assert choose_ways(make_model("llama"), PROMPT).shared == "ragged"


def test_the_rows_that_are_tried_share_two_beginnings_and_are_ragged() -> None:
    rows = make_rows(PROMPT)
    assert {len(row) for row in rows} == {len(PROMPT), len(PROMPT) - 3, len(PROMPT) - 6}
    assert all(row[: len(PROMPT) - 8] == PROMPT[:-8] for row in rows[:3])
    assert len(set(map(tuple, rows))) == 6


def test_differences_beyond_rounding_are_found() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 50)
    assert difference(logits, logits) is None
    assert difference(logits + 1e-5 * torch.randn(3, 50), logits) is None
    assert difference(logits + 1e-1 * torch.randn(3, 50), logits) is not None
    assert difference((logits + 1e-2 * torch.randn(3, 50)).bfloat16(), logits.bfloat16()) is None
    assert difference((logits + 0.2 * torch.randn(3, 50)).bfloat16(), logits.bfloat16()) is not None
    assert difference(torch.full((3, 50), torch.nan), logits) is not None
