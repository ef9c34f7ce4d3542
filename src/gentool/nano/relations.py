"""Which words are related: WordNet in, for each word its relatives out, by two relations.

`meaning`: forms of one word, synonyms, more general words; `gloss`: words that explain it. Lessons ask by a relative for the word itself
(gentool.nano.skills). Called by gentool.nano.corpus.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gentool.nano.wordnet import Synset, WordNet

Pairs = Iterable[tuple[str, str]]
Relation = Mapping[str, Sequence[str]]

WORD = re.compile(r"[a-z]{3,}")
COMMON_IN_GLOSSES = 0.004
"""A word that stands in a larger share of the glosses says too little of any."""
ENDINGS = (("", "s"), ("", "es"), ("", "ed"), ("e", "ed"), ("", "ing"), ("e", "ing"), ("y", "ies"), ("y", "ied"), ("", "er"), ("e", "er"))


def relate_words(words: Iterable[str], wordnet: WordNet) -> dict[str, Relation]:
    """The relations by name, each by word; both words of a pair are of `words` (small letters)."""
    known = frozenset(words)
    synsets = list(wordnet.synsets.values())
    heads = {synset.id: _first_words(synset, wordnet, known) for synset in synsets}
    return {
        "meaning": _collect([*_forms(known), *_synonyms(synsets, heads)]),
        "gloss": _collect(_explained(synsets, heads, known)),
    }


def _collect(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    """Both ways, sorted, without doubles."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        if one != other:
            found[one].add(other)
            found[other].add(one)
    return {word: tuple(sorted(found[word])) for word in sorted(found)}


def _first_words(synset: Synset, wordnet: WordNet, known: frozenset[str]) -> list[str]:
    """Its lemmas of one known word that mean it most often."""
    return [lemma for lemma in synset.lemmas if lemma in known and WORD.fullmatch(lemma) and wordnet.is_first_sense(synset, lemma)]


def _forms(known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A word and itself with an ending."""
    for word in known:
        for cut, ending in ENDINGS:
            form = word.removesuffix(cut) + ending
            if word.endswith(cut) and len(word) > 3 and form in known:
                yield word, form


def _synonyms(synsets: Iterable[Synset], heads: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Words of a synset with each other, and with those of the more general ones."""
    for synset in synsets:
        near = [*heads[synset.id], *(word for above in synset.hypernyms for word in heads.get(above, ()))]
        yield from ((word, other) for word in heads[synset.id] for other in near)


def _explained(synsets: Sequence[Synset], heads: Mapping[str, Sequence[str]], known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Words of a synset with the telling words of its gloss."""
    glosses = {synset.id: _telling(synset.definition, known) for synset in synsets}
    counts = Counter(word for gloss in glosses.values() for word in gloss)
    common = {word for word, count in counts.items() if count > COMMON_IN_GLOSSES * len(glosses)}
    for synset in synsets:
        yield from ((word, other) for word in heads[synset.id] for other in glosses[synset.id] - common)


def _telling(text: str, known: frozenset[str]) -> set[str]:
    return {word for word in WORD.findall(text.lower()) if word in known}
