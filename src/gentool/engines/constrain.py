"""What may be written: a request in, what holds its answer while it is decoded out. Called by gentool.engines.hf.

names: an answer begins with one of the request's choices, in whatever tokens the model writes it, and is free from there on.
schema: the whole answer is JSON of the request's schema, by llguidance, and is brought to its end before its tokens run out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from gentool.core.errors import ModelError
from gentool.core.example import Constraint
from gentool.core.trie import Trie
from gentool.engines.ending import Closers, read_allowed
from gentool.engines.engine import Request
from gentool.engines.vocabulary import Vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

JSON_STYLE: Any = {"key_separator": ": ?", "item_separator": ", ?", "whitespace_flexible": False, "lenient": True}
"""Spaces as Python's json writes them, or none; keywords that llguidance does not know are passed over, and left to scoring."""
ROOM = 0.2
"""The share of an answer's tokens that is kept free beside its ending: what is open may grow with every token."""
Tokens = npt.NDArray[np.int64]


class Restriction(Protocol):
    """Holds one answer. It is asked once after every token, until the answer ends. `fault` says why it could not be held, in words."""

    fault: str

    def allowed(self, made: Sequence[int]) -> Tokens | None:
        """The ids that may follow what has been made; None where all may."""
        ...


class Constrainer:
    """Makes the restrictions of one model's answers, each of at most `max_new_tokens`.

    Raises ModelError where llguidance cannot take the tokenizer for `schema`.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, constrain: Constraint, ends: Sequence[int], max_new_tokens: int) -> None:
        self._ends = np.asarray(ends)
        self._most = max_new_tokens
        self._vocabulary = Vocabulary(tokenizer) if constrain == "names" else None
        self._grammars = _load_grammars(tokenizer, ends) if constrain == "schema" else None
        self._closers = Closers(self._grammars) if self._grammars else None

    def restrict(self, request: Request) -> Restriction | None:
        """What holds the answer to a request; None where it carries nothing to be held to."""
        if self._vocabulary and request.choices:
            return NameRestriction(self._vocabulary, tuple(request.choices.values()), self._ends)
        if self._closers and request.schema is not None:
            return SchemaRestriction(self._grammars, self._closers, request.schema, self._ends, self._most)
        return None


class NameRestriction:
    """Holds an answer to one of some beginnings."""

    def __init__(self, vocabulary: Vocabulary, beginnings: Sequence[str], ends: Tokens) -> None:
        texts = [text.encode() for text in beginnings]
        self._vocabulary = vocabulary
        self._trie = Trie.of([*texts, *(b" " + text for text in texts if vocabulary.drops_space)])
        self._ends = ends
        self.fault = ""

    def allowed(self, made: Sequence[int]) -> Tokens | None:
        place = self._trie.follow(self._vocabulary.write(made))
        if place is None or place.ends:
            return None
        found = self._vocabulary.allowed(place)
        if not found:
            self.fault = "the model's tokenizer has no tokens for the names of the tools: take predict.constrain: none"
        return np.asarray(found) if found else self._ends


def _load_grammars(tokenizer: PreTrainedTokenizerBase, ends: Sequence[int]) -> Any:
    """llguidance's own form of the tokenizer."""
    from llguidance.hf import from_tokenizer

    try:
        return from_tokenizer(tokenizer, eos_token=list(ends))  # type: ignore[arg-type]
    except ValueError as error:
        raise ModelError(f"predict.constrain: schema cannot hold this model's tokenizer ({error}): take names or none") from None


class SchemaRestriction:
    """Holds an answer to JSON of a schema, and to its shortest ending when its tokens run out.

    Where llguidance cannot follow the schema, the answer ends.
    """

    def __init__(self, grammars: Any, closers: Closers, schema: Mapping[str, Any], ends: Tokens, most: int) -> None:
        from llguidance import LLMatcher

        self._matcher = LLMatcher(grammars, LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=JSON_STYLE), log_level=0)
        self._closers = closers
        self._ends = ends
        self._most = most
        self._ending: list[int] = []
        self._consumed = 0
        self.fault = ""

    def allowed(self, made: Sequence[int]) -> Tokens | None:
        self._matcher.consume_tokens(list(made[self._consumed :]))
        self._consumed = len(made)
        allowed = read_allowed(self._matcher)
        if self._matcher.is_error():
            self.fault = f"the answer cannot be held to its schema ({' '.join(self._matcher.get_error().split())})"
            return self._ends
        self._ending = self._ending or self._find_ending(made)
        return np.asarray([self._ending.pop(0)]) if self._ending else allowed

    def _find_ending(self, made: Sequence[int]) -> list[int]:
        """What the answer ends with from here on; nothing while there is room."""
        left = self._most - len(made)
        if 2 * left > self._most:
            return []
        ending = self._closers.find_ending(self._matcher, list(made), left)
        return ending if len(ending) + int(ROOM * self._most) >= left else []
