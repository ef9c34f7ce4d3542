"""WordNet as Debian's package `wordnet-base` installs it: its folder in, `WordNet` with its synsets and senses out.

Called by gentool.nano.wordnet_items and gentool.nano.corpus. WordNet 3.0, Copyright 2006 by Princeton University, under the WordNet licence
(/usr/share/doc/wordnet-base/copyright). Nothing of it is copied into this repository: it is read from the package whenever a
corpus is made. The formats are those of its manual pages wndb(5WN) and cntlist(5WN).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gentool.core.errors import RecordError
from gentool.nano.pools import split_words

FOLDER = Path("/usr/share/wordnet")
PACKAGE = "wordnet-base"

Part = Literal["noun", "verb", "adj"]
PARTS: tuple[Part, ...] = ("noun", "verb", "adj")
SYNSET_TYPES: dict[str, Part] = {"n": "noun", "v": "verb", "a": "adj", "s": "adj"}
SENSE_KEY_TYPES: dict[str, Part] = {"1": "noun", "2": "verb", "3": "adj", "5": "adj"}
LEXICOGRAPHER_FILES = split_words(
    """adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication
    noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant
    noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change
    verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion
    verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl"""
)
"""Their names by number, from lexnames(5WN)."""
HYPERNYM = "@"
"""The pointer to a more general synset; `@i`, of which a proper name is an instance, is another and not read."""
EXAMPLE = re.compile(r'"([^"]+)"')
MARKER = re.compile(r"\((?:a|p|ip)\)$")
"""Where an adjective may stand, written behind its lemma."""


@dataclass(frozen=True, slots=True)
class Synset:
    """Words of one meaning. `id` is its part of speech and its offset; `file` the lexicographer's, `frames` the numbers of a verb's sentence frames.

    Lemmas have spaces for underscores and keep their capitals; `definition` is the gloss without its examples.
    """

    id: str
    part: Part
    file: str
    lemmas: tuple[str, ...]
    definition: str
    examples: tuple[str, ...]
    hypernyms: tuple[str, ...]
    frames: tuple[int, ...]


@dataclass(frozen=True)
class WordNet:
    """All synsets by id; the senses of each lemma (small letters), most common first; how often a tagged text used a lemma's sense.

    `irregular` gives for a lemma its inflected forms that follow no rule.
    """

    synsets: dict[str, Synset]
    senses: dict[tuple[Part, str], tuple[str, ...]]
    uses: dict[tuple[Part, str, int], int]
    irregular: dict[tuple[Part, str], tuple[str, ...]]

    def is_first_sense(self, synset: Synset, lemma: str) -> bool:
        """Whether the synset is what its lemma means most often."""
        return self.senses.get((synset.part, lemma.lower()), ("",))[0] == synset.id

    def count_uses(self, synset: Synset) -> int:
        """How often the synset was tagged in texts, whichever lemma stood there."""
        return sum(self._count_lemma(synset, lemma.lower()) for lemma in synset.lemmas)

    def _count_lemma(self, synset: Synset, lemma: str) -> int:
        senses = self.senses.get((synset.part, lemma), ())
        return self.uses.get((synset.part, lemma, senses.index(synset.id) + 1), 0) if synset.id in senses else 0


def read_wordnet(folder: Path = FOLDER) -> WordNet:
    """All nouns, verbs and adjectives. Raises RecordError where the folder or a file of it is missing, or a line is none of WordNet's."""
    synsets = {synset.id: synset for part in PARTS for synset in _read_synsets(folder / f"data.{part}")}
    senses = {key: ids for part in PARTS for key, ids in _read_senses(folder / f"index.{part}", part)}
    irregular: defaultdict[tuple[Part, str], list[str]] = defaultdict(list)
    for part in PARTS:
        for _, line in _read_lines(folder / f"{part}.exc"):
            inflected, *lemmas = line.split()
            for lemma in lemmas:
                irregular[part, lemma].append(inflected)
    return WordNet(synsets, senses, dict(_read_uses(folder / "cntlist.rev")), {key: tuple(forms) for key, forms in irregular.items()})


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a file but those of the licence at its head, which begin with spaces."""
    try:
        with path.open(encoding="utf-8") as file:
            yield from ((number, line.rstrip()) for number, line in enumerate(file, 1) if line.strip() and not line.startswith("  "))
    except (FileNotFoundError, NotADirectoryError):
        message = f"there is no such file of WordNet; install Debian's package {PACKAGE} (apt install {PACKAGE}) or name its folder"
        raise RecordError(path, None, message) from None


def _read_synsets(path: Path) -> Iterator[Synset]:
    for number, line in _read_lines(path):
        try:
            yield _parse_synset(line)
        except (ValueError, KeyError, IndexError) as error:
            raise RecordError(path, number, f"not a synset of WordNet ({error})") from error


def _parse_synset(line: str) -> Synset:
    """offset file type words (word lexid)* pointers (symbol offset part source)* [frames (+ frame word)*] | gloss, as wndb(5WN) has it."""
    data, gloss = line.split(" | ", 1)
    fields = data.split()
    part = SYNSET_TYPES[fields[2]]
    first_pointer = 5 + 2 * int(fields[3], 16)
    first_frame = first_pointer + 4 * int(fields[first_pointer - 1]) + 1
    pointers = range(first_pointer, first_frame - 1, 4)
    return Synset(
        id=f"{part}:{fields[0]}",
        part=part,
        file=LEXICOGRAPHER_FILES[int(fields[1])],
        lemmas=tuple(MARKER.sub("", word).replace("_", " ") for word in fields[4 : first_pointer - 1 : 2]),
        definition=EXAMPLE.split(gloss, maxsplit=1)[0].strip(" ;:,"),
        examples=tuple(EXAMPLE.findall(gloss)),
        hypernyms=tuple(f"{part}:{fields[at + 1]}" for at in pointers if fields[at] == HYPERNYM),
        frames=tuple(int(fields[at + 1]) for at in range(first_frame, len(fields), 3)) if part == "verb" else (),
    )


def _read_senses(path: Path, part: Part) -> Iterator[tuple[tuple[Part, str], tuple[str, ...]]]:
    """lemma part synsets ... offsets: the offsets end the line, as many as `synsets` says."""
    for number, line in _read_lines(path):
        fields = line.split()
        try:
            offsets = fields[-int(fields[2]) :]
        except (ValueError, IndexError) as error:
            raise RecordError(path, number, f"not a line of WordNet's index ({error})") from error
        yield (part, fields[0].replace("_", " ")), tuple(f"{part}:{offset}" for offset in offsets)


def _read_uses(path: Path) -> Iterator[tuple[tuple[Part, str, int], int]]:
    """lemma%type:... sense uses; those of adverbs are left out."""
    for number, line in _read_lines(path):
        try:
            key, sense, uses = line.split()
            lemma, rest = key.rsplit("%", 1)
            part = SENSE_KEY_TYPES.get(rest[0])
            if part is not None:
                yield (part, lemma.replace("_", " "), int(sense)), int(uses)
        except (ValueError, IndexError) as error:
            raise RecordError(path, number, f"not a line of WordNet's counts ({error})") from error
