"""Rankings that were written, and those that scores give."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gentool.core.call import Call
from gentool.core.example import Example, Prediction, ScoredRanking, Wanted
from gentool.core.tool import GENERATE_RESPONSE
from gentool.evaluate.rankings import has_right_ranking, judge_scores, kendall_tau, rank_by_scores
from gentool.evaluate.verdict import judge

MakeExample = Callable[..., Example]


@pytest.mark.parametrize(
    ("ranked", "exact", "reciprocal_rank", "tau"),
    [
        (["forecast", "temperature", GENERATE_RESPONSE], True, 1.0, 1.0),
        (["forecast", "temperature", GENERATE_RESPONSE, "book_table"], True, 1.0, 1.0),
        (["temperature", "forecast", GENERATE_RESPONSE], False, 0.5, 1 / 3),
        ([GENERATE_RESPONSE, "temperature", "forecast"], False, 1 / 3, -1.0),
        (["forecast", "temperature"], False, 1.0, 1.0),
        (["forecast"], False, 1.0, 2 / 3),
        ([GENERATE_RESPONSE], False, 0.0, -2 / 3),
        (["search_web", "forecast", "temperature", GENERATE_RESPONSE], False, 0.5, 1.0),
        (["search_web"], False, 0.0, 0.0),
    ],
)
def test_rankings(make_example: MakeExample, ranked: list[str], exact: bool, reciprocal_rank: float, tau: float) -> None:
    verdict = judge(make_example("strong"), Prediction(id="f-strong", select="", rank=json.dumps(ranked)))
    assert verdict.ranked == tuple(ranked)
    assert verdict.ranking_exact is exact
    assert (verdict.reciprocal_rank, verdict.kendall_tau) == pytest.approx((reciprocal_rank, tau))


def test_a_ranking_of_one_name_has_no_tau(make_example: MakeExample) -> None:
    verdict = judge(make_example("zero"), Prediction(id="f-zero", select="", rank=json.dumps([GENERATE_RESPONSE])))
    assert (verdict.ranking_exact, verdict.reciprocal_rank, verdict.kendall_tau) == (True, 1.0, None)


@given(st.permutations("abcd"))
def test_tau_turns_its_sign_with_the_order(names: list[str]) -> None:
    tau = kendall_tau("abcd", names)
    reverse = kendall_tau("abcd", names[::-1])
    assert tau is not None and reverse is not None
    assert -1 <= tau <= 1 and tau == pytest.approx(-reverse)
    assert (tau == 1) == (names == list("abcd"))


# By scores


@pytest.mark.parametrize(
    ("scores", "ranked"),
    [
        ({"a": -1.0, "b": -0.5, GENERATE_RESPONSE: -2.0}, ("b", "a", GENERATE_RESPONSE)),
        ({"a": -1.0, "b": -3.0, GENERATE_RESPONSE: -2.0}, ("a", GENERATE_RESPONSE)),
        ({"a": -1.0, "b": -3.0, GENERATE_RESPONSE: -0.5}, (GENERATE_RESPONSE,)),
        ({"a": -1.0, "b": -1.0, GENERATE_RESPONSE: -1.0}, (GENERATE_RESPONSE,)),
        ({"b": -1.0, "a": -1.0, GENERATE_RESPONSE: -2.0}, ("b", "a", GENERATE_RESPONSE)),
        ({"a": -1.0, "b": -3.0}, ("a", "b", GENERATE_RESPONSE)),
        ({"a": float("-inf"), GENERATE_RESPONSE: float("-inf")}, (GENERATE_RESPONSE,)),
    ],
)
def test_scores_rank_the_names_above_the_default_tool(scores: dict[str, float], ranked: tuple[str, ...]) -> None:
    assert rank_by_scores(scores) == ranked


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        # The target ranking: forecast, temperature, generate_response.
        ((-1.0, -2.0, -3.0), (True, True, 1.0, 1.0)),
        ((-2.0, -1.0, -3.0), (False, False, 1 / 2, 1 / 3)),  # temperature, forecast, generate_response: two of three pairs in order
        ((-1.0, -4.0, -3.0), (True, False, 1.0, 1 / 3)),  # forecast, generate_response, and temperature behind it
        ((-5.0, -4.0, -3.0), (False, False, 0.0, -2 / 3)),  # generate_response; the other two are tied behind it
    ],
)
def test_a_ranking_by_scores_by_hand(make_example: MakeExample, scores: tuple[float, ...], found: tuple[bool, bool, float, float]) -> None:
    forecast, temperature, default = scores
    example = make_example("strong")
    given = {"temperature": temperature, "forecast": forecast, GENERATE_RESPONSE: default}
    verdict = judge(example, Prediction(id=example.id, select="", rank="", scores=given))
    assert verdict.by_scores is not None
    assert (verdict.by_scores.selection, verdict.by_scores.exact) == found[:2]
    assert (verdict.by_scores.reciprocal_rank, verdict.by_scores.kendall_tau) == pytest.approx(found[2:])
    assert (verdict.error, verdict.ranked) == ("unparsable", None), "scores give no credit to what was not written"
    assert judge(example, Prediction(id=example.id, select="", rank="")).by_scores is None


def test_where_any_tool_will_do_any_tool_is_right_and_no_order_is(make_example: MakeExample) -> None:
    example = make_example("strong").model_copy(update={"gold": "any_tool"})
    assert judge_scores(example, {"temperature": -1.0, "forecast": -2.0, GENERATE_RESPONSE: -3.0}).selection
    assert not judge_scores(example, {"temperature": -4.0, "forecast": -5.0, GENERATE_RESPONSE: -3.0}).selection
    assert not has_right_ranking(example) and has_right_ranking(make_example("strong")) and has_right_ranking(make_example("zero"))
    more = make_example("strong").model_copy(update={"further": (Wanted(call=Call(name="temperature")),)})
    assert not has_right_ranking(more)
    assert isinstance(judge_scores(more, {"temperature": 0.0}), ScoredRanking) and judge_scores(more, {"temperature": 0.0}).selection
