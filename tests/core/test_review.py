"""A verdict says one whole thing; the hash of what was judged and an edit's id follow from content alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gentool.core.family import Query
from gentool.core.review import Review, edited_id, query_content

QUERY = Query(id="q", text="Hello?", strong="s", fits={"s": "full"})


@pytest.mark.parametrize(
    "parts",
    [
        {"decision": "edit"},
        {"decision": "accept", "edited": QUERY},
        {"decision": "reject"},
        {"decision": "maybe"},
        {"decision": "accept", "reviewer": ""},
    ],
)
def test_half_a_verdict_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Review.model_validate({"query": "q", "content": "c", "reviewer": "anna", **parts})


def test_content_and_ids_follow_what_is_said() -> None:
    again = Query.model_validate_json(QUERY.model_dump_json())
    other = QUERY.model_copy(update={"needs": ("x",)})
    assert query_content(again) == query_content(QUERY) != query_content(other)
    assert edited_id(QUERY, other) == edited_id(QUERY, other.model_copy(update={"id": "anything"})) != edited_id(QUERY, QUERY)
