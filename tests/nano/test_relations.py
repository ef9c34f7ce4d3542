"""Relatives: forms of a word, synonyms, more general words, and the words of a gloss that tell something."""

from __future__ import annotations

from gentool.nano.relations import relate_words
from gentool.nano.wordnet import Part, Synset, WordNet

GENERAL, LAMP, SWITCH = "noun:1", "noun:2", "verb:3"


def synset(key: str, part: Part, lemmas: tuple[str, ...], definition: str, above: tuple[str, ...] = ()) -> Synset:
    return Synset(key, part, f"{part}.all", lemmas, definition, (), above, ())


SYNSETS = {
    GENERAL: synset(GENERAL, "noun", ("device",), "a thing made for a purpose"),
    LAMP: synset(LAMP, "noun", ("lamp", "lantern", "gas lamp", "bulb"), "a thing that gives light", (GENERAL,)),
    SWITCH: synset(SWITCH, "verb", ("switch",), "make a thing change"),
    **{f"noun:{number}": synset(f"noun:{number}", "noun", (f"filler{number}",), "a thing") for number in range(10, 600)},
}
SENSES: dict[tuple[Part, str], tuple[str, ...]] = {
    **{(held.part, lemma): (key,) for key, held in SYNSETS.items() for lemma in held.lemmas},
    ("noun", "bulb"): ("noun:99", LAMP),
}
WORDNET = WordNet(SYNSETS, SENSES, {}, {})
WORDS = ("device", "devices", "lamp", "lamps", "lantern", "bulb", "light", "thing", "switch", "switched", "gas", "made", "purpose")


def test_words_of_one_meaning_are_related_both_ways() -> None:
    meaning = relate_words(WORDS, WORDNET)["meaning"]
    assert meaning["lamp"] == ("device", "lamps", "lantern")
    assert meaning["device"] == ("devices", "lamp", "lantern")
    assert meaning["switched"] == ("switch",)


def test_a_word_stands_for_its_most_common_sense_alone() -> None:
    assert "bulb" not in relate_words(WORDS, WORDNET)["meaning"]


def test_a_gloss_tells_by_its_rare_words() -> None:
    gloss = relate_words(WORDS, WORDNET)["gloss"]
    assert gloss["lamp"] == ("light",)
    assert gloss["device"] == ("made", "purpose")
    assert "thing" not in gloss


def test_words_that_are_not_known_are_nobodys_relatives() -> None:
    relations = relate_words(("lamp", "torch"), WORDNET)
    assert relations == {"meaning": {}, "gloss": {}}
