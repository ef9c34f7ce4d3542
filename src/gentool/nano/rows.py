"""Rows of the corpus: sources and a tokenizer in, packed rows out, endless and seeded.

Called by gentool.nano.pretrain. What a row says is what the product's prompts say: it is rendered by gentool.prompts.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gentool.core.message import Message
from gentool.nano.base import words_of
from gentool.nano.episodes import Episode, draw_episode
from gentool.nano.material import Source
from gentool.nano.relations import Relation
from gentool.nano.skills import FIRST_SKILLS, SKILLS, Alphabet, Related, Skill, draw_skill
from gentool.nano.step import Branch, PackedRow
from gentool.prompts import PromptSettings, Task, render_messages, render_reply

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_QUERIES = 32
LESSON_LENGTH = 160
FEW = 4
"""First lessons take every so many-th word."""
TASKS: tuple[Task, ...] = ("select", "rank", "joint")
TASK_WEIGHTS = (64, 33, 3)
WORDINGS = ("standard", "brief", "polite", "elaborate")
WORDING_WEIGHTS = (85, 5, 5, 5)
JSON_SHARE = 0.1
"""The share of tool sets that are shown as JSON, which is longer; the rest as signatures."""
DECIDES = re.compile(r'(?<=": )|(?<=[{ \[]")(?=\w)|"(?=[,}\]])|(?<=\w)(?=[,}\]])')
"""Where in JSON a value, a name or a listed string begins, and where a value has ended."""


class RowMaker:
    """Makes rows of up to `length` tokens."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, sources: Mapping[str, Source], length: int, relations: Mapping[str, Relation] = MappingProxyType({})
    ) -> None:
        self.encode: Any = tokenizer.backend_tokenizer.encode
        self.sources, self.length = sources, length
        self.end, self.pad = str(tokenizer.eos_token), int(tokenizer.pad_token_id or 0)
        self.alphabet = make_alphabet(tokenizer, relations.values())

    @property
    def skills(self) -> tuple[Skill, ...]:
        """The lessons that there is matter for: without relations none by relatives."""
        return SKILLS if self.alphabet.relations else FIRST_SKILLS

    def lesson(self, skill: Skill, rng: random.Random, first: bool) -> PackedRow:
        """A short row of a skill: many short ones teach more than a long one. First lessons keep to fewer words (not of relations) and lines."""
        alphabet = replace(self.alphabet, words=self.alphabet.words[::FEW]) if first else self.alphabet
        return draw_skill(skill, alphabet, rng, LESSON_LENGTH, first)

    def episode(self, source: str, rng: random.Random, k: int) -> PackedRow:
        """An episode of a source as a row, with as many queries as fit; a set that leaves room for none is drawn again."""
        while True:
            task = rng.choices(TASKS, TASK_WEIGHTS)[0]
            wording = rng.choices(WORDINGS, WORDING_WEIGHTS)[0]
            settings = PromptSettings(tools="json" if rng.random() < JSON_SHARE else "signature", wording=wording)
            row = self.pack(draw_episode(self.sources[source], rng, k, MOST_QUERIES), task, settings)
            if row.branches:
                return row

    def pack(self, episode: Episode, task: Task, settings: PromptSettings) -> PackedRow:
        """The trunk is what all queries share; each query and its answer is a branch, learnt from the answer on."""
        if not episode.asked:
            return PackedRow([], [], 0)
        first = episode.asked[0].query
        trunk = self._ids(prompt_head(render_messages(task, first, episode.tools, settings), first))
        room = self.length - len(trunk)
        branches = []
        for asked in episode.asked:
            query = self._ids(f"{asked.query}\n<|assistant|>\n")
            branch = self._branch(query, render_reply(task, asked.ranking, asked.answer, settings)["content"] + self.end, asked.ranking[0])
            if len(branch.ids) <= room:
                branches.append(branch)
                room -= len(branch.ids)
        return PackedRow(trunk, branches, len(trunk))

    def _branch(self, query: list[int], reply: str, name: str) -> Branch:
        """A query and its reply, of which the first tool's name is the choice."""
        encoded = self.encode(reply, add_special_tokens=False)
        ids, name_ids, start = list(encoded.ids), self._ids(name), len(query)
        at = start + next(at for at in range(len(ids)) if ids[at : at + len(name_ids)] == name_ids)
        decides = frozenset(start + number for number in deciding(reply, encoded.offsets))
        return Branch([*query, *ids], start, (at, at + len(name_ids)), decides)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self.encode(text, add_special_tokens=False).ids
        return ids


def deciding(text: str, offsets: Iterable[tuple[int, int]]) -> set[int]:
    """The tokens of a JSON reply, by their (start, end) in it, that begin a name or a value, or come after a value and say whether more follows."""
    starts = {found.start() for found in DECIDES.finditer(text)}
    return {number for number, (first, end) in enumerate(offsets) if not starts.isdisjoint(range(first, end))}


def prompt_head(messages: list[Message], query: str) -> str:
    """The text of a chat up to its query, which ends it, as gentool.engines.chat's plain template writes it."""
    text = "".join(f"<|{message['role']}|>\n{message['content']}\n" for message in messages)
    return text.removesuffix(f"{query}\n")


def make_alphabet(tokenizer: PreTrainedTokenizerBase, relations: Iterable[Relation] = ()) -> Alphabet:
    """The tokenizer's words are drawn from, in small letters or with capital ones; a relation that says nothing of them is left out."""
    written: defaultdict[str, list[int]] = defaultdict(list)
    for number, word in zip(*words_of(tokenizer), strict=True):
        written[word].append(number)

    def one(text: str) -> int:
        return int(tokenizer.encode(text, add_special_tokens=False)[0])

    def related(relation: Relation) -> Related:
        relatives = {number: [other for relative in relation[word] for other in written[relative]] for word in relation for number in written[word]}
        return Related(list(relatives), relatives)

    words = sorted(number for numbers in written.values() for number in numbers)
    marks = (one("\n"), one(": "), one("_"), one("<|assistant|>"), one("none"), one("<|end|>"))
    return Alphabet(words, *marks, tuple(found for found in map(related, relations) if found.words))
