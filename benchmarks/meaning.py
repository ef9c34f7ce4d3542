"""How far words, and how far meaning, would take the choice of a tool: no training, the nearest tool of each set.

`python benchmarks/meaning.py RUN --encoder FOLDER`: of the test examples of a run that a tool serves, the share in percent whose tool is the nearest
of its set, by three ways: words that both share, by how rare they are; an encoder's vectors of single words, each word of the query matched with
its nearest of the tool; the encoder's vectors of the whole query and of the tool's name and description.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gentool.core.call import ABSTAIN
from gentool.core.example import Example
from gentool.core.jsonl import read_records
from gentool.core.tool import Tool
from gentool.engines.vectors import load_encoder, words_of

LEAST_LETTERS = 3
"""Shorter words mean little by themselves."""
POWERS = (1, 2, 4, 8)
"""To which the likeness of two words is raised: the higher, the less do distant ones count."""
Way = Callable[[str, Tool], float]


def main() -> None:
    """A line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--encoder", required=True, help="a sentence-transformers model, by name or folder")
    arguments = parser.parse_args()
    examples = [one for one in read_records(arguments.run / "pairs" / "test.jsonl", Example) if one.answer != ABSTAIN]
    encoder = load_encoder(arguments.encoder)
    rarity = count_rarity(examples)
    chance = sum(1 / len(one.tools) for one in examples) / len(examples)
    print(f"{len(examples)} tests that a tool serves; chance {100 * chance:.1f}")
    print(f"words that both share       {right(examples, lambda query, tool: by_words(query, tool, rarity)):.1f}")
    vectors = encode_words(examples, encoder)
    for power in POWERS:

        def soft(query: str, tool: Tool, power: int = power) -> float:
            return by_word_vectors(query, tool, rarity, vectors, power)

        print(f"vectors of words, power {power}   {right(examples, soft):.1f}")
    print(f"vectors of whole texts      {right(examples, by_texts(examples, encoder)):.1f}")


def right(examples: Sequence[Example], likeness: Way) -> float:
    """The share in percent whose tool is the likest of its set; the first one where several are."""
    hits = [max(one.tools, key=lambda tool, one=one: likeness(one.query, tool)).name == one.answer.name for one in examples]
    return 100 * sum(hits) / len(hits)


def words_for(text: str) -> list[str]:
    """The different words of a text that count, in their order."""
    return list(dict.fromkeys(word for word in words_of(text) if len(word) >= LEAST_LETTERS))


def text_of(tool: Tool) -> str:
    """All that a tool says of itself: its name, its description and its parameters."""
    return " ".join([tool.name, tool.description, *(f"{name} {schema.get('description', '')}" for name, schema in tool.properties.items())])


def count_rarity(examples: Sequence[Example]) -> dict[str, float]:
    """By word of the queries the logarithm of how seldom they have it."""
    queries = {one.query for one in examples}
    counts = Counter(word for query in queries for word in words_for(query))
    return {word: math.log(len(queries) / count) for word, count in counts.items()}


def by_words(query: str, tool: Tool, rarity: dict[str, float]) -> float:
    """The rarity of the words that both have."""
    own = set(words_for(text_of(tool)))
    return sum(rarity[word] for word in words_for(query) if word in own)


def encode_words(examples: Sequence[Example], encoder: Any) -> dict[str, np.ndarray]:
    """A unit vector for each word of the queries and tools."""
    texts = {text for one in examples for text in (one.query, *map(text_of, one.tools))}
    words = sorted({word for text in texts for word in words_for(text)})
    return dict(zip(words, encoder.encode(words, normalize_embeddings=True, show_progress_bar=False), strict=True))


def by_word_vectors(query: str, tool: Tool, rarity: dict[str, float], vectors: dict[str, np.ndarray], power: int) -> float:
    """For each word of the query how near the nearest word of the tool is, by how rare the word is."""
    asked, own = words_for(query), words_for(text_of(tool))
    if not asked or not own:
        return 0.0
    near = np.clip(np.stack([vectors[word] for word in asked]) @ np.stack([vectors[word] for word in own]).T, 0, 1)
    return float((near**power).max(axis=1) @ np.array([rarity[word] for word in asked]))


def by_texts(examples: Sequence[Example], encoder: Any) -> Way:
    """The cosine of the query's vector and that of the tool's name and description."""
    texts = {tool.id: f"{tool.name.replace('_', ' ')}: {tool.description}" for one in examples for tool in one.tools}
    texts |= {one.query: one.query for one in examples}
    encoded = encoder.encode(list(texts.values()), normalize_embeddings=True, show_progress_bar=False)
    vectors = dict(zip(texts, encoded, strict=True))
    return lambda query, tool: float(vectors[query] @ vectors[tool.id])


if __name__ == "__main__":
    main()
