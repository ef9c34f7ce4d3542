"""The corpus: sources put together, what they say as texts for the tokenizer, and the names that they keep away from.

Called by `python -m gentool.nano`. What models are measured with (the starter set) is compared with, never drawn from.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gentool.core.tool import Tool
from gentool.nano.base import words_of
from gentool.nano.episodes import draw_episode
from gentool.nano.intents import read_intents
from gentool.nano.lexicon_items import LexiconSource
from gentool.nano.material import Source
from gentool.nano.relations import Relation, relate_words
from gentool.nano.rules_items import PARTICLES, RulesSource, build_rules_pool, procedural_tools
from gentool.nano.servers import server_tools
from gentool.nano.wordnet import read_wordnet
from gentool.nano.wordnet_items import WordNetSource
from gentool.prompts import PromptSettings, render_messages, render_reply
from gentool.starter import read_starter_families, read_starter_tools

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RULES_TOOLS, SERVER_TOOLS = 3000, 8000
REQUESTS_PER_TOOL = 8
POOL = "{}_pool.jsonl"
EPISODES_READ = 3000
"""So many episodes of each source does the tokenizer see."""


def open_sources(folder: Path, seed: int) -> dict[str, Source]:
    """The sources by name; the rules teacher's requests are made once and kept in the folder."""
    wordnet, intents = WordNetSource(), read_intents()

    def make_rules() -> dict[str, list[Tool]]:
        return procedural_tools(intents, seed, RULES_TOOLS, held_out_names())

    def make_servers() -> dict[str, list[Tool]]:
        parameters = {name: parameter for intent in intents for name, parameter in intent.params.items()}
        said = sorted({word for intent in intents for name in intent.all_names for word in name.split("_")[1:] if word not in PARTICLES})
        return server_tools((said, wordnet.nouns), wordnet.glosses, parameters, seed, SERVER_TOOLS, held_out_names())

    pools = {name: open_pool(folder / POOL.format(name), make, seed) for name, make in {"rules": make_rules, "servers": make_servers}.items()}
    return {"lexicon": LexiconSource(), "wordnet": wordnet, **pools}


def open_pool(path: Path, make_tools: Callable[[], Mapping[str, Sequence[Tool]]], seed: int) -> RulesSource:
    """The pool of a file; where there is none yet, it is made and kept."""
    if not path.exists():
        RulesSource(build_rules_pool(make_tools(), seed, REQUESTS_PER_TOOL)).write(path)
    return RulesSource.of_file(path)


def open_relations(tokenizer: PreTrainedTokenizerBase) -> dict[str, Relation]:
    """How WordNet relates the tokenizer's words."""
    return relate_words(words_of(tokenizer)[1], read_wordnet())


def held_out_names() -> set[str]:
    """The names of the starter set's tools, strong and weak."""
    return {tool.name for tool in (*read_starter_tools(), *(family.weak for family in read_starter_families()))}


def read_texts(sources: Mapping[str, Source], seed: int) -> Iterator[str]:
    """What episodes of all sources say, as signatures and as JSON, for every task."""
    for name, source in sources.items():
        rng = random.Random(f"texts/{seed}/{name}")
        for _ in range(EPISODES_READ):
            yield from texts_of(source, rng)


def texts_of(source: Source, rng: random.Random) -> Iterator[str]:
    """What one episode says."""
    episode = draw_episode(source, rng, 3, 4)
    settings = PromptSettings(tools="json" if rng.random() < 0.15 else "signature")
    for number, asked in enumerate(episode.asked):
        *head, last = render_messages("select" if number else "rank", asked.query, episode.tools, settings)
        if not number:
            yield from (line for message in head for line in message["content"].split("\n"))
        yield asked.query if number else last["content"]
        yield render_reply("select", asked.ranking, asked.answer, settings)["content"]
        yield json.dumps(list(asked.ranking), ensure_ascii=False)
