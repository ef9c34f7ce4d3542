"""The parameters that stand beside the matter itself in WordNet's items: places, people, days, times, numbers, and their values.

Read by gentool.nano.wordnet_items. Every value stands in its clause as it is in the call.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gentool.nano.pools import WEEKDAYS
from gentool.nano.texts import DRAW_TEXT, pseudo_word

PRIORITIES = ("low", "normal", "high")


def draw_person(rng: random.Random) -> str:
    """Somebody's name, with or without a family name."""
    return DRAW_TEXT["person"]((), rng)


def _draw_place(rng: random.Random) -> str:
    return DRAW_TEXT["place"]((), rng)


def _draw_date(rng: random.Random) -> str:
    return f"{rng.randint(2023, 2029)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _draw_time(rng: random.Random) -> str:
    return f"{rng.randint(0, 23):02d}:{rng.choice((0, 10, 15, 30, 45)):02d}"


def _draw_code(rng: random.Random) -> str:
    return f"{pseudo_word(rng)[:2].upper()}-{rng.randint(100, 9999)}"


@dataclass(frozen=True)
class Extra:
    """A kind of parameter: its names, its schema, how a value is drawn, and the clauses in which a request gives it."""

    names: tuple[str, ...]
    schema: Mapping[str, Any]
    draw: Callable[[random.Random], Any]
    clauses: tuple[str, ...]


TEXT: Mapping[str, Any] = {"type": "string"}
NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 1}
EXTRAS = (
    Extra(("place", "where", "city", "town", "location"), TEXT, _draw_place, ("in {}", "near {}", "around {}", "over in {}")),
    Extra(("recipient", "on_behalf_of", "for_whom", "client"), TEXT, draw_person, ("for {}", "on behalf of {}")),
    Extra(("when", "date", "day", "on_date"), {"type": "string", "format": "date"}, _draw_date, ("on {}", "by {}", "on the date {}")),
    Extra(("weekday", "day_of_week"), {"type": "string", "enum": list(WEEKDAYS)}, lambda rng: rng.choice(WEEKDAYS), ("on {}", "this {}", "next {}")),
    Extra(("time", "at_time", "start_time"), TEXT, _draw_time, ("at {}", "from {} on")),
    Extra(("reference", "ticket", "code", "case_id"), TEXT, _draw_code, ("reference {}", "under {}", "ticket {}")),
    Extra(
        ("priority", "urgency"),
        {"type": "string", "enum": list(PRIORITIES)},
        lambda rng: rng.choice(PRIORITIES),
        ("with {} priority", "at {} priority", "priority {}"),
    ),
)
MINUTES = Extra(("minutes", "duration_minutes"), NUMBER, lambda rng: rng.randint(2, 90), ("for {} minutes", "within {} minutes"))
TIMES = Extra(("times", "repeats"), NUMBER, lambda rng: rng.randint(2, 12), ("{} times", "{} times in a row"))
COUNT = Extra(("count", "quantity", "number", "amount"), NUMBER, lambda rng: rng.randint(2, 40), ("{} of them", "{} in all", "count {}"))
VERB_EXTRAS, NOUN_EXTRAS = (*EXTRAS, MINUTES, TIMES), (*EXTRAS, COUNT)
