"""The shortest way to end an answer that is held to a grammar, for when its tokens run out: a matcher in, tokens out.

Called by gentool.engines.constrain. Small models repeat themselves inside a string or a list until they are cut off; what is
left is no JSON, whatever its tool takes.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt

MARKS = "@:"
"""What addresses wait for."""
ESCAPED = re.compile(rb"\\.", re.DOTALL)


class Closers:
    """The tokens that close a string, an object or a list, by a tokenizer of llguidance."""

    def __init__(self, grammars: Any) -> None:
        self._grammars = grammars
        self._quote, *self._brackets = (grammars.greedy_tokenize(text)[0] for text in '"}]')
        self._marks = [token for text in MARKS for token in grammars.greedy_tokenize(text)[:1]]

    def find_ending(self, matcher: Any, made: list[int], most: int) -> list[int]:
        """Few tokens behind `made` that bring the grammar to its end, or the first ones where `most` are not enough; none where it is there.

        What is open is closed at once, and what is required is written as the grammar first allows it. The matcher is left as it is.
        """
        ahead = matcher.deep_copy()
        ending: list[int] = []
        tried: list[int] = []
        while len(ending) < most and not ahead.is_accepting():
            forced = ahead.compute_ff_tokens()
            step = forced or self._choose(ahead, [*made, *ending], tried)
            if not step or not ahead.consume_tokens(step):
                break
            ending += step
            tried = [] if forced or step[0] in (self._quote, *self._brackets) else [*tried, *step]
        return ending

    def _choose(self, matcher: Any, written: list[int], tried: list[int]) -> list[int]:
        """One allowed token, if any: what closes the innermost open thing, else one that the value has not yet, so that patterns get on."""
        allowed = read_allowed(matcher)
        in_string = ESCAPED.sub(b"", self._grammars.decode_bytes(written)).count(b'"') % 2 == 1
        closers = [self._quote] if in_string else [*self._brackets, self._quote]
        fresh = (token for token in chain(self._marks, allowed) if token not in tried)
        return [int(token) for token in islice((token for token in chain(closers, fresh, allowed) if token in allowed), 1)]


def read_allowed(matcher: Any) -> npt.NDArray[np.int64]:
    """The ids that a matcher of llguidance takes next."""
    return np.flatnonzero(np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little"))
