"""Which senses of WordNet the corpus uses: `WordNet` in, `Sense`s out, each with the words that mean it and the topic it belongs to.

Called by gentool.nano.wordnet_items. A word stands for its most common sense alone. No sense that is chosen lies below another in the
hierarchy, and a narrower word counts only where it lies below one of them: so no request for one of them asks for another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from gentool.nano.pools import split_words
from gentool.nano.wordnet import Synset, WordNet

FILES = frozenset(
    split_words(
        """noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication noun.event noun.feeling noun.food
        noun.group noun.location noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.shape
        noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication verb.competition verb.consumption
        verb.contact verb.creation verb.emotion verb.motion verb.perception verb.possession verb.social"""
    )
)
LEMMA = re.compile(r"[a-z]{3,14}(?: [a-z]{2,14})?")
PLAIN_GLOSS = re.compile(r"[A-Za-z0-9 ,'/-]+")
PARENTHESES = re.compile(r"\s*\([^()]*\)")
UNFIT = re.compile(
    r"\b(?:offens\w+|slurs?|ethnic\w*|racis\w+|racial\w*|sex|sexual\w*|vulgar\w*|obscen\w+|disparag\w+|derogat\w+|contempt\w*|despi[sc]\w+|insult\w*"
    r"|genital\w*|penis|vagina\w*|vulva\w*|anus|anal|rectum|buttocks|breasts?|testic\w+|scrotum|coit\w+|copulat\w+|intercourse|orgasm\w*|erotic\w*"
    r"|prostitut\w*|porno\w*|masturbat\w+|homosexual\w*|lesbian\w*|nud\w+|naked|lust\w*|urin\w+|feces|fecal|faec\w+|excre\w+|defecat\w+|menstrua\w+"
    r"|kill\w*|murder\w*|slaughter\w*|massacre\w*|tortur\w+|rape\w*|rapist|suicid\w+|behead\w*|execution|lynch\w*|strangl\w+|maim\w*|homicid\w+"
    r"|weapons?|weaponry|bombs?|guns?|firearms?|explosives?|terroris\w+|genocid\w+|stab|assault\w*|attack\w*|violen\w+|brutal\w*|cruel\w*|blood\w*shed"
    r"|wounds?|corpses?|cadavers?|abort\w*|slaves?|slavery|jews?|jewish|negro\w*|blacks|gyps(?:y|ies)|nazis?|narcotics?|cocaine|heroin|marijuana"
    r"|clitor\w*|semen|sperm\w*|prostate|uter(?:us|ine)|womb|labia\w*|foreskin|pubic|ejaculat\w*|contracept\w+|condom|lewd|lascivious|seduc\w+"
    r"|mistress|concubine|adulter(?:y|er|ess)|harem|brothel|whore\w*|virgin\w*|bosom|drunk\w*|addict\w*|hang(?:ed|ing)|tramps?|disgust\w*"
    r"|stupid\w*|idiot\w*|moron\w*|imbecil\w+|ugly|jerk\w*|retard\w*|crippl\w+|illegitimate)\b",
    re.IGNORECASE,
)
"""What a gloss must not say, nor a lemma of a synset or of any above it."""
RUDE = re.compile(
    r"\b(?:fuck\w*|shit\w*|crap|fag|fags|fag+ot\w*|fatso|coons?|queer\w*|slut\w*|squaw|castrat\w+|niggard\w*|dick|bastard\w*|bitch\w*|bugger|eunuch"
    r"|midget|freak|lunatic|savage|cock|screw up|screwup|bang|poison\w*|cannibal\w*|noose|guillotine|fetish\w*|grenade|bomber|bombard\w*|titillat\w+"
    r"|hump|jap|spic|tits?|ass|arse|whore|piss|cunt|turd|sword|knife fight)\b"
)
"""Lemmas that are rude, or may be taken so, or violent; the rest of the synset is used."""
LEARNED_FILES = frozenset({"noun.plant", "noun.animal", "noun.body", "noun.state", "noun.substance"})
"""Where a synset that no tagged text used is mostly a term of science, and not used here either."""
GLOSS_WORDS = range(2, 17)
DULL_BEGINNINGS = ("be ", "have ", "used ", "of ", "consider ")
OPEN_GLOSS = re.compile(r".* (?:of|over|to|on|onto|from|with|for|in|into|at|by|upon|against|about|off|through|across|around|towards?|between|as)")
"""A verb's gloss that lacks its object at the end."""
COUNTED_BEGINNINGS = ("a ", "an ", "any ", "one ", "someone ", "somebody ")
"""How glosses of nouns begin that take an article."""
LEAST_OF_A_TOPIC, MOST_OF_A_TOPIC = 8, 60
MOST_NARROWER = 12
SAME_GLOSS = 0.6
"""Two senses of one topic whose glosses share as many of their words are taken for one."""
OBJECT_FRAMES = {"thing": frozenset({8, 11, 15, 16, 19, 21, 31}), "person": frozenset({9, 10, 17, 18, 20}), "none": frozenset({2, 22})}
"""By what is done to: the numbers of the sentence frames that say so, from wninput(5WN)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A lemma with what can be said of it: `objects` are keys of OBJECT_FRAMES (verbs), `counted` says whether it takes an article (nouns)."""

    text: str
    objects: tuple[str, ...]
    counted: bool


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning: `file` is the lexicographer's and `topic` a part of it; `own` words mean it, `narrower` ones a kind of it. `glosses` say
    it in other words, the first of them best.
    """

    key: str
    file: str
    topic: str
    own: tuple[Word, ...]
    narrower: tuple[Word, ...]
    glosses: tuple[str, ...]


def choose_senses(wordnet: WordNet) -> list[Sense]:
    """The senses that are used, topic by topic."""
    return _Hierarchy(wordnet).choose()


class _Hierarchy:
    """The synsets with what lies below each, and what was found out about them."""

    def __init__(self, wordnet: WordNet) -> None:
        self.wordnet = wordnet
        self.below: defaultdict[str, list[str]] = defaultdict(list)
        for synset in wordnet.synsets.values():
            for hypernym in synset.hypernyms:
                self.below[hypernym].append(synset.id)
        self.unfit = self._find_unfit()
        self.weights = {id: self._weigh(synset) for id, synset in wordnet.synsets.items() if synset.file in FILES and id not in self.unfit}
        self.best: dict[str, float] = {}

    def choose(self) -> list[Sense]:
        picked = {id for id in self.wordnet.synsets if not self.wordnet.synsets[id].hypernyms for id in self._pick(id)}
        chosen = {id for id in picked if not self._above(id) & picked}
        by_file: defaultdict[str, list[str]] = defaultdict(list)
        for id in sorted(chosen):
            by_file[self.wordnet.synsets[id].file].append(id)
        topics = [topic for file in sorted(by_file) for topic in self._split(file, by_file[file], 0)]
        senses = [self._describe(id, topic, chosen) for topic, ids in topics for id in self._leave_out_twins(ids)]
        return list({sense.glosses[0]: sense for sense in senses}.values())

    def _find_unfit(self) -> set[str]:
        considered = [synset for synset in self.wordnet.synsets.values() if synset.file in FILES]
        waiting = [synset.id for synset in considered if UNFIT.search(" ".join(synset.lemmas))]
        unfit: set[str] = set()
        while waiting:
            id = waiting.pop()
            if id not in unfit:
                unfit.add(id)
                waiting.extend(self.below[id])
        return unfit | {synset.id for synset in considered if UNFIT.search(synset.definition)}

    def _weigh(self, synset: Synset) -> float:
        """What a synset is worth: more the more it is used and the more words it has; nothing without a gloss and a word of its own."""
        own, uses = self._own_words(synset), self.wordnet.count_uses(synset)
        if not own or not _read_glosses(synset) or (synset.part == "verb" and not _find_objects(synset)):
            return 0.0
        if not uses and (len(own) < 2 or synset.file in LEARNED_FILES):
            return 0.0
        return (1 + (0.3 if synset.part == "verb" else 1) * sqrt(uses) if uses else 0.2) + 0.4 * min(len(own) - 1, 3)

    def _own_words(self, synset: Synset) -> list[str]:
        return [lemma for lemma in synset.lemmas if LEMMA.fullmatch(lemma) and not RUDE.search(lemma) and self.wordnet.is_first_sense(synset, lemma)]

    def _pick(self, id: str) -> list[str]:
        """The heaviest senses at or below one of which none lies below another."""
        if self.weights.get(id, 0.0) > 0 and self._weigh_best(id) <= self.weights[id]:
            return [id]
        return [picked for lower in self.below[id] for picked in self._pick(lower)] if self._weigh_best(id) > 0 else []

    def _weigh_best(self, id: str) -> float:
        if id not in self.best:
            self.best[id] = 0.0  # ends the one circle that WordNet's verbs have
            self.best[id] = max(self.weights.get(id, 0.0), sum(self._weigh_best(lower) for lower in self.below[id]))
        return self.best[id]

    def _above(self, id: str) -> set[str]:
        above: set[str] = set()
        waiting = [*self.wordnet.synsets[id].hypernyms]
        while waiting:
            higher = waiting.pop()
            if higher not in above:
                above.add(higher)
                waiting.extend(self.wordnet.synsets[higher].hypernyms)
        return above

    def _path(self, id: str) -> list[str]:
        """From the most general synset down to this one, by first hypernyms."""
        path = [id]
        while (hypernyms := self.wordnet.synsets[path[-1]].hypernyms) and hypernyms[0] not in path:
            path.append(hypernyms[0])
        return path[::-1]

    def _split(self, topic: str, ids: Sequence[str], depth: int) -> Iterable[tuple[str, list[str]]]:
        """Topics of at most MOST_OF_A_TOPIC senses: split by hypernyms, and what is left by its order."""
        if len(ids) <= MOST_OF_A_TOPIC:
            yield topic, list(ids)
            return
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for id in ids:
            path = self._path(id)
            groups[path[depth] if depth < len(path) - 1 else ""].append(id)
        rest = [id for hypernym, group in sorted(groups.items()) if not hypernym or len(group) < LEAST_OF_A_TOPIC for id in group]
        large = [(hypernym, group) for hypernym, group in sorted(groups.items()) if hypernym and len(group) >= LEAST_OF_A_TOPIC]
        if large and len(rest) < LEAST_OF_A_TOPIC:
            large[-1][1].extend(rest)
            rest = []
        for hypernym, group in large:
            name = topic if len(large) == 1 and not rest else f"{topic.split('/')[0]}/{self.wordnet.synsets[hypernym].lemmas[0]} {hypernym[-8:]}"
            yield from self._split(name, group, depth + 1)
        pieces = -(-len(rest) // MOST_OF_A_TOPIC)
        for piece in range(pieces):
            yield f"{topic} {piece + 1}", rest[len(rest) * piece // pieces : len(rest) * (piece + 1) // pieces]

    def _leave_out_twins(self, ids: Sequence[str]) -> list[str]:
        kept: list[tuple[str, set[str]]] = []
        for id in ids:
            words = set(_read_glosses(self.wordnet.synsets[id])[0].split())
            if all(len(words & other) < SAME_GLOSS * len(words | other) for _, other in kept):
                kept.append((id, words))
        return [id for id, _ in kept]

    def _describe(self, id: str, topic: str, chosen: set[str]) -> Sense:
        synset = self.wordnet.synsets[id]
        own = self._make_words(synset)
        return Sense(f"{synset.part}:{own[0].text}", synset.file, topic, own, self._find_narrower(id, chosen), _read_glosses(synset))

    def _find_narrower(self, id: str, chosen: set[str]) -> tuple[Word, ...]:
        """Words one or two steps below a sense, the most used first, which lie below no other sense that was chosen."""
        lower = [child for child in self.below[id] if child not in self.unfit]
        lower += [grandchild for child in lower for grandchild in self.below[child] if grandchild not in self.unfit]
        found = [self.wordnet.synsets[other] for other in dict.fromkeys(lower) if len(self._above(other) & chosen) == 1]
        found.sort(key=lambda synset: (-self.wordnet.count_uses(synset), synset.id))
        return tuple(word for synset in found for word in self._make_words(synset))[:MOST_NARROWER]

    def _make_words(self, synset: Synset) -> tuple[Word, ...]:
        objects, counted = _find_objects(synset), synset.definition.startswith(COUNTED_BEGINNINGS)
        return tuple(Word(lemma, objects, counted) for lemma in self._own_words(synset))


def _find_objects(synset: Synset) -> tuple[str, ...]:
    """What a verb can be done to, of OBJECT_FRAMES; where its gloss asks for an object, not `none`."""
    kinds = tuple(kind for kind, frames in OBJECT_FRAMES.items() if frames & set(synset.frames))
    is_open = any(OPEN_GLOSS.fullmatch(gloss) for gloss in _read_glosses(synset))
    return tuple(kind for kind in kinds if kind != "none" or not is_open)


def _read_glosses(synset: Synset) -> tuple[str, ...]:
    """The parts of a definition that can stand as a sentence of their own; none where the first of them cannot."""
    parts = [" ".join(part.split()).strip(" ,:") for part in PARENTHESES.sub("", synset.definition).split(";")]
    fit = [part for part in parts if PLAIN_GLOSS.fullmatch(part) and len(part.split()) in GLOSS_WORDS and not part.startswith(DULL_BEGINNINGS)]
    return tuple(fit) if fit and fit[0] == parts[0] else ()
