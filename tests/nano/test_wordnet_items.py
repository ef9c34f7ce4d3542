"""WordNet as a source: the reader knows its formats, senses that are chosen keep apart, and items hold what they promise.

All of it on a small WordNet of our own, written in the formats of the real one.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gentool.core.errors import RecordError
from gentool.core.schema import metaschema_fault, schema_faults
from gentool.nano.material import Item, Source
from gentool.nano.wordnet import LEXICOGRAPHER_FILES, PARTS, read_wordnet
from gentool.nano.wordnet_items import WordNetSource
from gentool.nano.wordnet_senses import MOST_OF_A_TOPIC, choose_senses
from gentool.nano.wordnet_wording import Forms, inflect, with_article

LICENCE = "  1 This software stands under a licence, which the head of every file repeats.  \n"
TYPES = {"n": "noun", "v": "verb", "a": "adj", "s": "adj"}
SENSE_KEY_NUMBERS = {"n": 1, "v": 2, "a": 3, "s": 5}


@dataclass(frozen=True)
class Entry:
    """A synset to be written: `above` are pointers such as `@ 100`, `frames` the numbers of a verb's sentence frames."""

    offset: int
    file: str
    type: str
    lemmas: str
    gloss: str
    above: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()
    uses: int = 0

    def line(self) -> str:
        words = self.lemmas.split()
        pointers = [f"{pointer.split()[0]} {int(pointer.split()[1]):08d} {self.type} 0000" for pointer in self.above]
        frames = [f"{len(self.frames):02d}", *(f"+ {frame:02d} 00" for frame in self.frames)] if self.type == "v" else []
        number = LEXICOGRAPHER_FILES.index(self.file)
        written = [f"{word} {position:x}" for position, word in enumerate(words)]
        fields = [f"{self.offset:08d} {number:02d} {self.type} {len(words):02x}", *written, f"{len(pointers):03d}", *pointers, *frames]
        return f"{' '.join(fields)} | {self.gloss}  \n"


ENTRIES = (
    Entry(100, "verb.change", "v", "better", "make whatever there is better", frames=(8,), uses=1),
    Entry(
        110,
        "verb.change",
        "v",
        "mend repair patch_up",
        'put back into working order; make whole again; "She mended the roof"',
        ("@ 100",),
        (8, 9),
        30,
    ),
    Entry(111, "verb.change", "v", "darn", "close a hole in cloth with thread", ("@ 110",), (8,), 2),
    Entry(112, "verb.change", "v", "revamp repair", "give a new look to", ("@ 100",), (8,), 4),
    Entry(120, "verb.motion", "v", "stroll saunter bugger_off", "walk slowly and without haste", frames=(2,), uses=9),
    Entry(130, "verb.contact", "v", "shoot gun_down", "bring down from afar", frames=(9,), uses=9),
    Entry(131, "verb.contact", "v", "snipe", "do so out of hiding", ("@ 130",), (9,), 9),
    Entry(200, "noun.artifact", "n", "device", "a thing made for a purpose", uses=1),
    Entry(
        210,
        "noun.artifact",
        "n",
        "lantern lamp Lamplight_Ltd",
        'a small light in a case (often of glass); can be carried; "a lantern in the window"',
        ("@ 200",),
        uses=20,
    ),
    Entry(211, "noun.artifact", "n", "lanthorn", "an old light with panes of horn", ("@ 210",)),
    Entry(212, "noun.artifact", "n", "Bullseye", "the lantern of a famous story", ("@i 210",)),
    Entry(220, "noun.artifact", "n", "ladle dipper", "a deep spoon with a long handle", ("@ 200",), uses=7),
    Entry(221, "noun.artifact", "n", "scooper scoop", "a deep spoon with a very long handle", ("@ 200",), uses=7),
    Entry(230, "noun.person", "n", "gaffer", "an offensive word for an old man", uses=7),
    Entry(240, "noun.food", "n", "broth stock", "liquid in which something was boiled", uses=7),
    Entry(250, "noun.possession", "n", "stock share", "a part of what a company is worth", uses=11),
    Entry(300, "adj.all", "a", "mended(p)", "put right"),
)
SENSES = {"repair v": (110, 112), "stock n": (250, 240)}
"""Those lemmas that mean more than one thing, most common first."""


def write_wordnet(folder: Path, entries: Iterable[Entry] = ENTRIES, irregular: str = "shot shoot\n") -> Path:
    """A folder as Debian's package has it."""
    entries = tuple(entries)
    for part in PARTS:
        of_part = [entry for entry in entries if TYPES[entry.type] == part]
        (folder / f"data.{part}").write_text(LICENCE + "".join(entry.line() for entry in of_part), encoding="utf-8")
        (folder / f"index.{part}").write_text(LICENCE + "".join(write_index(of_part)), encoding="utf-8")
        (folder / f"{part}.exc").write_text(irregular if part == "verb" else "", encoding="utf-8")
    (folder / "cntlist.rev").write_text("".join(write_counts(entries)), encoding="utf-8")
    return folder


def write_index(entries: Sequence[Entry]) -> Iterable[str]:
    found: dict[str, list[int]] = {}
    for entry in entries:
        for word in entry.lemmas.split():
            found.setdefault(f"{re.sub(r'[(].*', '', word).lower()} {entry.type}", []).append(entry.offset)
    for key, offsets in sorted(found.items()):
        ordered = SENSES.get(key, offsets)
        yield f"{key} {len(ordered)} 2 @ ~ {len(ordered)} 1 {' '.join(f'{offset:08d}' for offset in ordered)}  \n"


def write_counts(entries: Iterable[Entry]) -> Iterable[str]:
    for entry in entries:
        if entry.uses:
            word = entry.lemmas.split()[0].lower()
            number = SENSES.get(f"{word} {entry.type}", (entry.offset,)).index(entry.offset) + 1
            yield f"{word}%{SENSE_KEY_NUMBERS[entry.type]}:{LEXICOGRAPHER_FILES.index(entry.file):02d}:00:: {number} {entry.uses}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wordnet(tmp_path_factory.mktemp("wordnet"))


@pytest.fixture(scope="module")
def source(folder: Path) -> WordNetSource:
    return WordNetSource(folder)


@pytest.fixture(scope="module")
def items(source: WordNetSource) -> list[tuple[str, Item]]:
    rng = random.Random(1)
    keys = [key for keys in source.topics.values() for key in keys]
    return [(key, source.item(key, rng, 5)) for key in keys for _ in range(150)]


# The reader.


def test_a_synset_is_read_with_all_its_fields(folder: Path) -> None:
    synset = read_wordnet(folder).synsets["verb:00000110"]
    assert (synset.part, synset.file, synset.lemmas) == ("verb", "verb.change", ("mend", "repair", "patch up"))
    assert synset.definition == "put back into working order; make whole again"
    assert (synset.examples, synset.hypernyms, synset.frames) == (("She mended the roof",), ("verb:00000100",), (8, 9))


def test_a_proper_name_has_no_hypernym_and_an_adjective_no_marker(folder: Path) -> None:
    synsets = read_wordnet(folder).synsets
    assert synsets["noun:00000212"].hypernyms == ()
    assert synsets["adj:00000300"].lemmas == ("mended",)


def test_senses_are_ordered_by_use(folder: Path) -> None:
    wordnet = read_wordnet(folder)
    food, share = wordnet.synsets["noun:00000240"], wordnet.synsets["noun:00000250"]
    assert wordnet.is_first_sense(share, "stock") and not wordnet.is_first_sense(food, "stock")
    assert (wordnet.count_uses(food), wordnet.count_uses(share)) == (7, 11)


def test_irregular_forms_are_read(folder: Path) -> None:
    assert read_wordnet(folder).irregular == {("verb", "shoot"): ("shot",)}


def test_where_wordnet_is_missing_the_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="install Debian's package wordnet-base"):
        read_wordnet(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [("data.noun", "00000001 06 n 01 thing", "not a synset"), ("index.verb", "mend v", "index"), ("cntlist.rev", "mend%2:30:00::", "counts")],
)
def test_a_broken_line_is_named(tmp_path: Path, file: str, line: str, fault: str) -> None:
    path = write_wordnet(tmp_path) / file
    lines = path.read_text(encoding="utf-8").count("\n")
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(RecordError, match=rf"{re.escape(file)}, line {lines + 1}: .*{fault}"):
        read_wordnet(tmp_path)


# The senses.


def test_senses_keep_apart(folder: Path) -> None:
    """None lies below another, unfit ones and what is below them are left out, and so is the twin of one that is there."""
    keys = {sense.key for sense in choose_senses(read_wordnet(folder))}
    assert keys == {"verb:mend", "verb:revamp", "verb:stroll", "noun:lantern", "noun:ladle", "noun:broth", "noun:stock"}


def test_a_word_belongs_to_its_most_common_sense_alone(folder: Path) -> None:
    senses = {sense.key: sense for sense in choose_senses(read_wordnet(folder))}
    assert [word.text for word in senses["verb:mend"].own] == ["mend", "repair", "patch up"]
    assert [word.text for word in senses["verb:revamp"].own] == ["revamp"]
    assert [word.text for word in senses["noun:broth"].own] == ["broth"]
    assert [word.text for word in senses["verb:stroll"].own] == ["stroll", "saunter"], "a rude word is none"
    words = Counter((key.split(":")[0], word.text) for key, sense in senses.items() for word in (*sense.own, *sense.narrower))
    assert set(words.values()) == {1}


def test_narrower_words_and_glosses(folder: Path) -> None:
    senses = {sense.key: sense for sense in choose_senses(read_wordnet(folder))}
    assert [word.text for word in senses["noun:lantern"].narrower] == ["lanthorn"], "a proper name is no word"
    assert [word.text for word in senses["verb:mend"].narrower] == ["darn"]
    assert senses["noun:lantern"].glosses == ("a small light in a case", "can be carried")


def test_large_files_are_split_by_hypernyms(tmp_path: Path) -> None:
    parents = [Entry(10 + number, "noun.artifact", "n", f"parent{number}", f"what {number} has below it") for number in range(3)]
    letters = "abcdefghij"
    children = [
        Entry(1000 + number, "noun.artifact", "n", f"zu{letters[number % 10]}{letters[number // 10 % 10]}{letters[number // 100]}",
              f"a {number} made of m{number} and b{number} for c{number}", (f"@ {10 + number % 3}",), uses=3)
        for number in range(240)
    ]  # fmt: skip
    topics = WordNetSource(write_wordnet(tmp_path, (*parents, *children))).topics
    assert sum(map(len, topics.values())) == 240
    assert max(map(len, topics.values())) <= MOST_OF_A_TOPIC
    assert {name.split("/")[1].split()[0] for name in topics} == {"parent0", "parent1", "parent2"}


# The items.


def test_it_is_a_source(source: WordNetSource) -> None:
    checked: Source = source
    assert set(checked.topics) == {"verb.change", "verb.motion", "noun.artifact", "noun.food", "noun.possession"}
    assert sorted(checked.topics["noun.artifact"]) == ["noun:ladle", "noun:lantern"]


def test_the_same_state_gives_the_same_item(source: WordNetSource) -> None:
    for keys in source.topics.values():
        for key in keys:
            first, second = random.Random(key), random.Random(key)
            assert [source.item(key, first, 4) for _ in range(5)] == [source.item(key, second, 4) for _ in range(5)]


def test_tools_and_arguments_are_valid(items: list[tuple[str, Item]]) -> None:
    for _, item in items:
        assert item.weak is None
        assert metaschema_fault(item.strong.parameters) is None
        assert 1 <= len(item.strong.properties) <= 3
        assert re.fullmatch(r"[A-Z].*\.", item.strong.description)
        assert re.fullmatch(r"[A-Za-z_]+", item.strong.name)
        for request in item.requests:
            assert schema_faults(request.strong, item.strong.parameters) == [], (item, request)


def test_values_stand_in_their_requests_as_they_are(items: list[tuple[str, Item]]) -> None:
    for _, item in items:
        for request in item.requests:
            assert all(str(value) in request.text for value in request.strong.values()), request
            assert not re.search(r"[{}]|  ", request.text + item.strong.description)


def test_requests_differ_and_are_as_many_as_asked_for(items: list[tuple[str, Item]]) -> None:
    for _, item in items:
        assert len({request.text for request in item.requests}) == len(item.requests)
    assert sum(len(item.requests) == 5 for _, item in items) > 0.95 * len(items)


def test_most_requests_do_not_use_the_lemma_of_the_name(items: list[tuple[str, Item]]) -> None:
    """The name of the tool is masked, or tells a lemma that most requests put otherwise."""
    lemmas = ["mend", "repair", "patch up", "revamp", "stroll", "saunter", "lantern", "lamp", "ladle", "dipper", "broth", "stock", "share"]
    uses = [
        any(lemma in item.strong.name.lower().replace("_", " ") and lemma in request.text.lower() for lemma in lemmas)
        for _, item in items
        for request in item.requests
    ]
    assert 0.02 < sum(uses) / len(uses) < 0.3


def test_no_request_uses_a_word_of_another_key(items: list[tuple[str, Item]]) -> None:
    """Things that verbs are done to are values, and may be anything."""
    words = {"verb:mend": "mend|repair|patch|darn", "verb:revamp": "revamp", "verb:stroll": "stroll|saunter", "noun:broth": "broth"}
    for key, item in items:
        others = "|".join(pattern for other, pattern in words.items() if other != key)
        assert not any(re.search(rf"\b(?:{others})", request.text) for request in item.requests)


def test_tools_are_described_by_the_gloss_or_by_words(items: list[tuple[str, Item]]) -> None:
    described = {item.strong.description for key, item in items if key == "verb:mend"}
    assert "Put back into working order." in described
    assert any(re.search(r"(?:mend|repair|patch up)", text.lower()) for text in described)
    revamped = {item.strong.description for key, item in items if key == "verb:revamp"}
    assert any(re.search(r"[Gg]ive a new look to an? \w+\.", text) for text in revamped), "a gloss without its object is given one"


def test_a_narrower_word_may_be_an_argument(items: list[tuple[str, Item]]) -> None:
    values = {value for key, item in items if key == "noun:lantern" for request in item.requests for value in request.strong.values()}
    assert "lanthorn" in values


@pytest.mark.parametrize(
    ("lemma", "forms"),
    [
        ("mend", Forms("mend", "mending", "mended")),
        ("patch up", Forms("patch up", "patching up", "patched up")),
        ("bake", Forms("bake", "baking", "baked")),
        ("carry", Forms("carry", "carrying", "carried")),
        ("tie", Forms("tie", "tying", "tied")),
        ("jog", Forms("jog", "jogging", "jogged")),
        ("break", Forms("break", "breaking", "broken")),
        ("sing", Forms("sing", "singing", "sung")),
        ("set out", Forms("set out", "setting out", "set out")),
    ],
)
def test_verbs_are_inflected(lemma: str, forms: Forms) -> None:
    assert inflect(lemma, {"break": ("broke", "broken"), "sing": ("sang", "sung"), "set": ("setting",)}) == forms


@pytest.mark.parametrize("noun", ["an apple", "a lamp", "an hour", "a uniform", "an umbrella", "a ewer", "a one pounder"])
def test_nouns_have_their_article(noun: str) -> None:
    assert with_article(noun.split(" ", 1)[1]) == noun
