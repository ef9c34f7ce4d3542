"""Test examples in other words that mean the same: the question `paraphrase`.

Rules alone, no model: the query in a frame of politeness, in lower case, without punctuation; and the instruction in the other
wordings that gentool.prompts has. Called by gentool.probe.pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gentool.probe.altered import Altered, Base, alter
from gentool.prompts import WORDINGS, PromptSettings

PUNCTUATION = '.,;:!?…"“”„«»()[]¿¡。，！？、；：'
"""What is taken from the beginnings and ends of words; inside of them it may be part of a number, a time or an address."""


def drop_punctuation(query: str) -> str:
    """The words without the punctuation around them; a query of nothing else stays."""
    words = [stripped for word in query.split() if (stripped := word.strip(PUNCTUATION))]
    return " ".join(words) or query


QUERIES: dict[str, Callable[[str], str]] = {
    "as it is": lambda query: query,
    "polite": lambda query: f"Could you please help me with this? {query}",
    "greeting and thanks": lambda query: f"Hi there! {query} Thanks a lot!",
    "lower case": str.lower,
    "no punctuation": drop_punctuation,
    "hurried": lambda query: drop_punctuation(query).lower(),
}
"""By variant what becomes of a query; `hurried` is lower case without punctuation."""


def vary_phrases(bases: Iterable[Base], prompts: PromptSettings) -> Iterator[Altered]:
    """Each example with its query in each manner, then as it is under each wording of the instruction but the run's own.

    Natively a call is asked for by the query alone, so that there are no other wordings.
    """
    wordings = [wording for wording in WORDINGS if wording != prompts.wording] if prompts.answer == "json" else []
    for base in bases:
        for variant, change in QUERIES.items():
            yield alter(base, "paraphrase", variant, query=change(base.example.query))
        for wording in wordings:
            yield alter(base, "paraphrase", f"instruction: {wording}", wording)
