"""A person's verdict on a query: made on the review page (gentool.review), honoured by gentool.pairs.

The file between them is review/verdicts.jsonl of the run folder: the verdicts that stand, in the order in which they were given.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gentool.core.canonical import content_hash
from gentool.core.family import Query
from gentool.core.tool import Record

Decision = Literal["accept", "reject", "edit"]
"""What a reviewer decides: keep the query as it is, leave it out, or put an edited one in its place."""

VERDICTS = Path("review") / "verdicts.jsonl"
"""Where the verdicts stand in a run folder."""


class Review(Record):
    """The verdict of one reviewer on one query.

    `query` is its id and `content` the hash of the whole record that was judged: a verdict on other content says nothing.
    `reason` is given with a rejection, `edited` with an edit. An edited query has an id of its own (see `edited_id`).
    """

    query: str
    content: str
    reviewer: str = Field(min_length=1)
    decision: Decision
    reason: str = ""
    edited: Query | None = None

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if (self.decision == "edit") != (self.edited is not None):
            raise ValueError(f"the verdict on query {self.query}: an edit comes with the edited query, another decision without one")
        if self.decision == "reject" and not self.reason:
            raise ValueError(f"the verdict on query {self.query}: a rejection needs its reason")
        return self


def query_content(query: Query) -> str:
    """The hash of all that a query says; its tools are in it by their ids, which are hashes of their definitions."""
    return content_hash(query.model_dump(mode="json"))


def edited_id(original: Query, edited: Query) -> str:
    """The id of an edited query: a new one, so that nothing made from the original (examples, predictions) is taken for its own."""
    return content_hash("edited", original.id, edited.model_dump(mode="json", exclude={"id"}))
