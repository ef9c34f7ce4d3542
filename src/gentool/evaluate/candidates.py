"""Which tools a model is shown: queries and catalogues in, a tool set for each query out.

By TF-IDF, or by a sentence-transformers model; all catalogues are measured alike, so that tools which two of them share keep
their order. Called by gentool.ask and gentool.drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gentool.core.errors import CatalogueError
from gentool.core.tool import Tool, ToolSet
from gentool.engines.vectors import embed_sentences, similarities, words_of

QUERIES_AT_ONCE = 512
TFIDF = "tfidf"


def choose_nearest(queries: Sequence[str], catalogues: Sequence[Sequence[Tool]], k: int, how: str = TFIDF) -> list[list[ToolSet]]:
    """For each catalogue and query the k tools nearest to the query, nearest first; of each name the nearest one.

    Where there are no more than k names, all of them. Raises CatalogueError for a catalogue without tools.
    """
    return [
        [ToolSet.of(list(_nearest_of_names(order, tools).values())[:k]) for order in orders]
        for tools, orders in zip(catalogues, _rank(queries, catalogues, how), strict=True)
    ]


def show_all(queries: Sequence[str], catalogues: Sequence[Sequence[Tool]], how: str = TFIDF) -> list[list[ToolSet]]:
    """For each catalogue and query all tools in the catalogue's order; where a name stands for several, the one nearest to the query."""
    shared = [len({tool.name for tool in tools}) == len(tools) for tools in catalogues]
    ranked = [] if all(shared) else _rank(queries, catalogues, how)
    found = []
    for number, tools in enumerate(catalogues):
        if shared[number]:
            found.append([ToolSet.of(tools)] * len(queries))
        else:
            found.append([_in_order(_nearest_of_names(order, tools), tools) for order in ranked[number]])
    return found


def _in_order(chosen: dict[str, Tool], tools: Sequence[Tool]) -> ToolSet:
    return ToolSet.of(chosen[name] for name in dict.fromkeys(tool.name for tool in tools))


def _nearest_of_names(order: Sequence[int], tools: Sequence[Tool]) -> dict[str, Tool]:
    """By name the tool that comes first; the names in the order in which they come."""
    by_name: dict[str, Tool] = {}
    for index in order:
        by_name.setdefault(tools[index].name, tools[index])
    return by_name


def _rank(queries: Sequence[str], catalogues: Sequence[Sequence[Tool]], how: str) -> list[list[list[int]]]:
    """For each catalogue and query the indices of the tools, nearest first, ties by index."""
    import numpy as np

    if not all(catalogues):
        raise CatalogueError("there are no tools to choose from")
    texts = [tool.text for tools in catalogues for tool in tools]
    asked, vectors = _embed(queries, texts, how)
    orders: list[list[list[int]]] = []
    start = 0
    for tools in catalogues:
        own = vectors[start : start + len(tools)]
        start += len(tools)
        blocks = [similarities(asked[first : first + QUERIES_AT_ONCE], own) for first in range(0, len(queries), QUERIES_AT_ONCE)]
        orders.append([np.argsort(-row, kind="stable").tolist() for block in blocks for row in block])
    return orders


def _embed(queries: Sequence[str], texts: Sequence[str], how: str) -> tuple[Any, Any]:
    """The vectors of queries and texts. What a word weighs depends on the texts alone, so a query's sets on no other query."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if how != TFIDF:
        return embed_sentences(queries, how), embed_sentences(texts, how)
    if not any(words_of(text) for text in texts):
        raise CatalogueError("none of the tools has a word in its name or description, so none can be nearest to a query")
    vectorizer = TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit(texts)
    return vectorizer.transform(queries), vectorizer.transform(texts)
