"""Queries in words from a tool's name and description and the argument values: how the rules teacher speaks.

A tool, arguments and wanted results in, one sentence out. Every value stands in the sentence, so arguments are grounded.
"""

from __future__ import annotations

import random
from typing import Any

from gentool.core.tool import Tool
from gentool.engines.vectors import words_of

OPENINGS = (
    "Please {do}{slots}.",
    "Can you {do}{slots}?",
    "I need to {do}{slots}.",
    "I'd like to {do}{slots}, please.",
    "Could you {do}{slots} for me?",
    "Help me {do}{slots}.",
    "{Do}{slots}.",
    "Hey, {do}{slots}, would you?",
    "We have to {do}{slots} today.",
    "My boss wants me to {do}{slots}.",
    "Time to {do}{slots}.",
    "{Slots}: {do}.",
    "Is it possible to {do}{slots}?",
    "When you have a moment, {do}{slots}.",
)
ASKING = (" and tell me the {}", ", and I also want to know the {}", " and show the {}", ", with the {} in the answer")
SLOT_STYLES = ("with", "colon", "is", "plain")
PREPOSITIONS = {
    "from": "from", "origin": "from", "departure": "from", "sender": "from", "source": "from", "start": "from", "to": "to", "destination": "to",
    "recipient": "to", "end": "until", "until": "until", "city": "in", "country": "in", "location": "in", "place": "at", "venue": "at",
    "date": "on", "day": "on", "time": "at", "address": "at", "language": "in", "currency": "in", "topic": "about", "subject": "about",
}  # fmt: skip
MOST_WORDS = 12
JOINING = frozenset(["and", "or", "for", "with", "to", "in", "by", "on", "from", "at", "of", "as", "into", "that", "which"])
HANGING = frozenset(["the", "a", "an", "its", "their", "one", "all", "any", "each"])
VERBS_OF_USE = ("used to", "use to", "allows you to", "allows users to", "enables you to", "this tool", "this function", "tool to", "to")


def write_query(tool: Tool, arguments: dict[str, Any], wanted: list[str], rng: random.Random) -> str:
    """One query that gives all the arguments and asks for the wanted results by name."""
    do = describe_task(tool, rng)
    style = rng.choice(SLOT_STYLES)
    parts = [_slot(name, value, style) for name, value in arguments.items()]
    rng.shuffle(parts)
    slots = _join(parts)
    if wanted:
        slots += rng.choice(ASKING).format(" and the ".join(" ".join(words_of(name)) for name in wanted))
    opening = rng.choice(OPENINGS) if parts else rng.choice([opening for opening in OPENINGS if "{Slots}" not in opening])
    lead = slots.strip(" ,")
    text = opening.format(do=do, Do=do[:1].upper() + do[1:], slots=slots, Slots=lead[:1].upper() + lead[1:])
    return " ".join(text.split())


def describe_task(tool: Tool, rng: random.Random) -> str:
    """What the tool does, as a phrase after `please`: from its description's first sentence or from its name."""
    named = " ".join(words_of(tool.name)) or tool.name
    described = first_clause(tool.description)
    return described if described and rng.random() < 0.6 else named


def first_clause(description: str) -> str:
    """The first clause of a description as a verb phrase in lower case; empty where it does not begin with a verb as they do."""
    sentence = " ".join(description.split()).split(". ")[0].split("; ")[0].split(" (")[0].rstrip(".:;")
    lowered = sentence[:1].lower() + sentence[1:]
    for opening in VERBS_OF_USE:
        if lowered.lower().startswith(opening + " "):
            lowered = lowered[len(opening) + 1 :]
    words = lowered.split()
    if not 2 <= len(words) <= 24 or not words[0].isalpha() or words[0] in ("a", "an", "the"):
        return ""
    return cut_clause([_base_form(words[0]), *words[1:]], MOST_WORDS)


def cut_clause(words: list[str], most: int) -> str:
    """The first words of a clause, at most `most`, cut where it does not hang: before a comma or a word that joins."""
    comma = next((index + 1 for index, word in enumerate(words) if word.endswith(",")), len(words))
    kept = words[: min(comma, most)]
    if len(kept) < len(words):
        joint = max((index for index, word in enumerate(kept) if word in JOINING), default=0)
        kept = kept[:joint] if joint >= 2 and comma > most else kept
    while len(kept) > 1 and kept[-1].rstrip(",") in JOINING | HANGING:
        kept = kept[:-1]
    return " ".join(kept).rstrip(",")


def _base_form(verb: str) -> str:
    """`searches` -> `search`, `gets` -> `get`, `applies` -> `apply`; other words as they are."""
    if verb.endswith(("us", "is")):
        return verb
    if verb.endswith("ies") and len(verb) > 4:
        return f"{verb[:-3]}y"
    if verb.endswith(("ches", "shes", "sses", "xes")):
        return verb[:-2]
    return verb[:-1] if verb.endswith("s") and not verb.endswith("ss") and len(verb) > 3 else verb


def _join(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(f" {part}" for part in parts)
    return f" {', '.join(parts[:-1])} and {parts[-1]}"


def _slot(name: str, value: Any, style: str) -> str:
    """One argument in words."""
    label = " ".join(words_of(name)) or name
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {label}"
    if isinstance(value, dict):
        return f"{label} ({', '.join(_slot(key, inner, 'plain') for key, inner in value.items())})"
    text = say_value(value)
    preposition = next((PREPOSITIONS[word] for word in reversed(words_of(name)) if word in PREPOSITIONS), None)
    if style == "with" and preposition and not isinstance(value, list):
        return f"{preposition} {text}"
    match style:
        case "with":
            return f"with {label} {text}"
        case "colon":
            return f"{label}: {text}"
        case "is":
            return f"the {label} is {text}"
    return f"{label} {text}"


def say_value(value: Any) -> str:
    """A value as the query says it: lists joined by commas, underscores in words as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(say_value(item) for item in value) if len(value) < 3 else ", ".join(say_value(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(_slot(key, inner, "plain") for key, inner in value.items())
    return str(value)
