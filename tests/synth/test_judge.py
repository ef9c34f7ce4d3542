"""The task judge: blind, shuffled for each vote, and settled by the middle vote."""

from __future__ import annotations

import pytest

from gentool.core.family import Fit
from gentool.core.tool import Tool
from gentool.synth.judge import Vote, ask_judge, read_vote, settle
from gentool.synth.replies import UnreadableReplyError

TOOLS = [Tool(name=f"tool_{number}") for number in range(6)]


def test_every_vote_is_a_request_of_its_own_with_the_tools_in_another_order() -> None:
    requests = [ask_judge("q", "a bed in Oslo", TOOLS, vote, 0) for vote in range(4)]
    orders = [tuple(tool.name for tool in request.inputs["tools"]) for request in requests]
    assert len(set(orders)) > 1 and len({request.id for request in requests}) == 4
    assert [request.sample for request in requests] == [0, 1, 2, 3]
    user = requests[0].messages[1]["content"]
    assert [line.split('"')[3] for line in user.splitlines() if line.startswith("{")] == list(orders[0])
    assert "strong" not in user and "weak" not in user


def test_a_vote_gives_every_tool_that_was_shown_a_fit() -> None:
    request = ask_judge("q", "a bed in Oslo", TOOLS[:3], 0, 0)
    vote = read_vote(request, '{"full": ["tool_2"], "partial": ["tool_0"]}')
    assert vote.query == "q" and vote.id == request.id
    assert {identifier.split("@")[0]: fit for identifier, fit in vote.fits.items()} == {"tool_0": "partial", "tool_1": "none", "tool_2": "full"}


@pytest.mark.parametrize("text", ['{"full": ["tool_9"]}', '{"full": ["tool_0"], "partial": ["tool_0"]}', '{"full": "tool_0"}', "no"])
def test_a_vote_that_names_no_shown_tool_or_one_twice_cannot_be_read(text: str) -> None:
    with pytest.raises(UnreadableReplyError):
        read_vote(ask_judge("q", "a bed in Oslo", TOOLS[:3], 0, 0), text)


@pytest.mark.parametrize(
    ("fits", "settled"),
    [(["full"], "full"), (["full", "none", "full"], "full"), (["full", "none", "partial"], "partial"), (["full", "partial"], "partial")],
)
def test_the_middle_vote_counts_and_of_two_the_lower(fits: list[Fit], settled: Fit) -> None:
    assert settle([Vote(id=str(number), query="q", fits={"t": fit}) for number, fit in enumerate(fits)]) == {"t": settled}
