"""What a parameter's kind means: its JSON Schema, and values together with the words in which they are said.

Parameters of intents in, schemas and `Said` values out. Called by gentool.nano.lexicon_items.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gentool.nano.intents import Parameter
from gentool.nano.pools import LANGUAGES, MONTHS, NUMBER_WORDS, WEEKDAYS, split_words
from gentool.nano.texts import DRAW_TEXT, draw_title

Schema = dict[str, Any]
MOMENTS = ("date", "time", "datetime")
TRIES = 8
"""How often a value is drawn again that another slot of the query has already."""
FIRST_DAY = datetime.datetime(2024, 1, 1)
BIRTH = re.compile(r"\bbirth\b")
LATER_WORDS = frozenset(split_words("until to last end ends before leave leaving back later second new latest"))
EARLIER_WORDS = frozenset(split_words("from first start after since earliest lost"))


class Said(NamedTuple):
    """A value as it is said in a query, and as it stands in a call."""

    text: str
    value: Any


def draw_schema(parameter: Parameter, rng: random.Random) -> Schema:
    """The schema of a parameter, drawn anew each time, without description and default."""
    match parameter.kind:
        case "date":
            return {"type": "string", "format": "date"}
        case "datetime":
            return {"type": "string", "format": "date-time"}
        case "time":
            return {"type": "string", "format": "time"} if rng.random() < 0.8 else {"type": "string"}
        case "count" | "number":
            return _schema_of_number(parameter, rng)
        case "amount":
            return {"type": "number", "minimum": 0} if rng.random() < 0.2 else {"type": "number"}
        case "percent":
            bounds = {"minimum": 0, "maximum": 100} if rng.random() < 0.4 else {}
            return {"type": rng.choice(("number", "integer")), **bounds}
        case "duration":
            return {"type": "integer", "minimum": 1} if rng.random() < 0.15 else {"type": "integer"}
        case "choice":
            values = list(parameter.values or ())
            return {"type": "string", "enum": rng.sample(values, len(values))}
        case "flag":
            return {"type": "boolean"}
        case "list":
            return {"type": "array", "items": {"type": "string"}}
        case "weekday" | "month" | "language":
            return _schema_of_word(parameter.kind, rng)
    return {"type": "string"}


def _schema_of_number(parameter: Parameter, rng: random.Random) -> Schema:
    schema: Schema = {"type": "integer" if parameter.kind == "count" else "number"}
    draw = rng.random()
    if draw < 0.45:
        schema["minimum"] = _plain(parameter.low or 0)
    if 0.1 < draw < 0.45:
        schema["maximum"] = _plain(parameter.high or 0)
    return schema


def _schema_of_word(kind: str, rng: random.Random) -> Schema:
    """A string or, less often, an enum; names of days and months in either case."""
    if rng.random() < 0.7:
        return {"type": "string"}
    if kind == "language":
        return {"type": "string", "enum": rng.sample(LANGUAGES, rng.randint(3, 6))}
    words = WEEKDAYS if kind == "weekday" else MONTHS
    return {"type": "string", "enum": [word.lower() for word in words] if rng.random() < 0.4 else list(words)}


def draw_default(parameter: Parameter, schema: Schema, rng: random.Random) -> Schema:
    """The `default` of an optional parameter, as a part of its schema; mostly none."""
    if parameter.kind == "flag":
        return {"default": False} if rng.random() < 0.4 else {}
    if rng.random() >= 0.2:
        return {}
    if "enum" in schema:
        return {"default": rng.choice(schema["enum"])}
    if parameter.kind in ("count", "number", "percent", "duration"):
        return {"default": draw_value(parameter, schema, rng).value}
    return {}


def draw_values(slots: Mapping[str, tuple[Parameter, Schema]], bare: frozenset[str], rng: random.Random) -> dict[str, Said]:
    """A value for each slot of a query: no two of one kind are equal, and of two moments the one that ends something is later.

    `bare` names the amounts of money that are said without a currency.
    """
    values: dict[str, Said] = {}
    for kind in MOMENTS:
        names = [name for name, (parameter, _) in slots.items() if parameter.kind == kind]
        if names:
            values.update(_draw_moments({name: slots[name][0] for name in names}, rng))
    taken: set[tuple[str, str]] = set()
    for name, (parameter, schema) in slots.items():
        if parameter.kind not in MOMENTS:
            values[name] = _draw_untaken(parameter, schema, name in bare, taken, rng)
    return values


def _draw_untaken(parameter: Parameter, schema: Schema, bare: bool, taken: set[tuple[str, str]], rng: random.Random) -> Said:
    for _ in range(TRIES):
        said = draw_value(parameter, schema, rng, bare)
        key = (parameter.kind, str(said.value))
        if key not in taken or parameter.kind in ("choice", "flag"):
            break
    taken.add(key)
    return said


def draw_value(parameter: Parameter, schema: Schema, rng: random.Random, bare: bool = False) -> Said:
    """A value of any kind but date, time and datetime that its schema accepts."""
    match parameter.kind:
        case "choice":
            value = rng.choice(schema["enum"])
            return Said(rng.choice((parameter.values or {})[value]), value)
        case "flag":
            return Said(rng.choice(parameter.yes or ()), True)
        case "count":
            return _say_count(rng.randint(int(parameter.low or 0), int(parameter.high or 0)), rng)
        case "number":
            return _say_number(parameter, rng)
        case "amount":
            return _say_amount(bare, rng)
        case "percent":
            return _say_percent(schema["type"] == "integer", rng)
        case "duration":
            return _say_duration(rng)
        case "list":
            return _say_list(parameter.examples or (), rng)
        case "weekday" | "month" | "language":
            return _say_word(parameter.kind, schema, rng)
    text = DRAW_TEXT[parameter.kind](parameter.examples or (), rng)
    return Said(text, text)


# Moments: dates, times of day, both together.


def _draw_moments(slots: Mapping[str, Parameter], rng: random.Random) -> dict[str, Said]:
    """Moments of one kind, in ascending order from what begins to what ends."""
    moment = FIRST_DAY + datetime.timedelta(days=rng.randrange(1700), minutes=_minute_of_day(rng))
    values = {}
    for name in sorted(slots, key=_rank_in_time):
        if BIRTH.search(slots[name].about) and slots[name].kind == "date" and "due" not in name:
            values[name] = _say_date(FIRST_DAY - datetime.timedelta(days=rng.randrange(200, 29_000)), rng)
            continue
        values[name] = SAY_MOMENT[slots[name].kind](moment, rng)
        moment = _later(moment, slots[name].kind, rng)
    return values


def _rank_in_time(name: str) -> int:
    words = set(name.split("_"))
    return 2 if words & LATER_WORDS else 0 if words & EARLIER_WORDS else 1


def _later(moment: datetime.datetime, kind: str, rng: random.Random) -> datetime.datetime:
    """A later moment; of a time of day one on the same day, as long as there is room."""
    if kind == "date":
        return moment + datetime.timedelta(days=rng.randint(1, 30) if rng.random() < 0.8 else rng.randint(31, 400))
    if kind == "datetime":
        return moment + datetime.timedelta(days=rng.randint(0, 5), minutes=rng.randrange(30, 600, 15))
    left = 24 * 60 - 1 - moment.hour * 60 - moment.minute
    return moment + datetime.timedelta(minutes=min(rng.randrange(30, 480, 15), max(left, 1)))


def _minute_of_day(rng: random.Random) -> int:
    """Mostly a round time between six and ten in the evening, now and then any minute."""
    if rng.random() < 0.08:
        return rng.randrange(24 * 60)
    return rng.randrange(6, 22) * 60 + rng.choice((0, 0, 0, 15, 30, 30, 30, 45, 10, 20, 40, 50, 5, 55))


def _say_date(moment: datetime.datetime, rng: random.Random) -> Said:
    day, month, year = moment.day, MONTHS[moment.month - 1], moment.year
    value = f"{year}-{moment.month:02d}-{day:02d}"
    match rng.randrange(12):
        case 0 | 1 | 2:
            text = f"{day} {month} {year}"
        case 3 | 4:
            text = value
        case 5 | 6:
            text = f"{month} {day}, {year}"
        case 7:
            text = f"the {_ordinal(day)} of {month} {year}"
        case 8:
            text = f"{_ordinal(day)} {month} {year}"
        case 9:
            text = f"{month} {_ordinal(day)}, {year}"
        case 10:
            text = f"{WEEKDAYS[moment.weekday()]}, {day} {month} {year}"
        case _:
            text = f"{day} {month[:3]} {year}"
    return Said(text, value)


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _say_time(moment: datetime.datetime, rng: random.Random) -> Said:
    value = f"{moment.hour:02d}:{moment.minute:02d}"
    draw = rng.random()
    if draw < 0.4:
        return Said(value, value)
    if draw < 0.75:
        return Said(_clock_of_twelve(moment, rng), value)
    return Said(_clock_in_words(moment) or value, value)


def _clock_of_twelve(moment: datetime.datetime, rng: random.Random) -> str:
    minutes = f":{moment.minute:02d}" if moment.minute or rng.random() < 0.3 else ""
    half = ("am", "pm") if rng.random() < 0.8 else ("a.m.", "p.m.")
    return f"{(moment.hour - 1) % 12 + 1}{minutes}{rng.choice((' ', ' ', ''))}{half[moment.hour >= 12]}"


def _clock_in_words(moment: datetime.datetime) -> str | None:
    """`half past six in the evening`; None where the minute has no short word."""
    if moment.minute == 0 and moment.hour in (0, 12):
        return "noon" if moment.hour else "midnight"
    hour, following = NUMBER_WORDS[(moment.hour - 1) % 12], NUMBER_WORDS[moment.hour % 12]
    past = {0: f"{hour} o'clock", 10: f"ten past {hour}", 15: f"quarter past {hour}", 20: f"twenty past {hour}", 30: f"half past {hour}"}
    to = {40: f"twenty to {following}", 45: f"quarter to {following}", 50: f"ten to {following}"}
    words = (past | to).get(moment.minute)
    return f"{words} {_part_of_day(moment.hour)}" if words else None


def _part_of_day(hour: int) -> str:
    if 5 <= hour < 12:
        return "in the morning"
    if 12 <= hour < 18:
        return "in the afternoon"
    return "in the evening" if 18 <= hour < 22 else "at night"


def _say_datetime(moment: datetime.datetime, rng: random.Random) -> Said:
    date, time = _say_date(moment, rng), _say_time(moment, rng)
    form = rng.choice(("{date} at {time}", "{date} at {time}", "{date}, {time}", "{date} {time}", "{time} on {date}"))
    return Said(form.format(date=date.text, time=time.text), f"{date.value}T{time.value}")


SAY_MOMENT: dict[str, Callable[[datetime.datetime, random.Random], Said]] = {"date": _say_date, "time": _say_time, "datetime": _say_datetime}


# Quantities.


def _plain(number: float) -> int | float:
    """A whole number as an int, as people write it."""
    return int(number) if number == int(number) else number


def _say_count(value: int, rng: random.Random) -> Said:
    in_words = 1 <= value <= 12 and rng.random() < 0.4
    return Said(NUMBER_WORDS[value - 1] if in_words else str(value), value)


def _say_number(parameter: Parameter, rng: random.Random) -> Said:
    low, high = parameter.low or 0, parameter.high or 0
    value = round(rng.uniform(low, high), 0 if high - low >= 5 and rng.random() < 0.7 else 1)
    plain = _plain(min(max(value, low), high))
    unit = parameter.unit or ""
    return Said(f"{plain} {unit.removesuffix('s') if plain == 1 else unit}", plain)


def _say_amount(bare: bool, rng: random.Random) -> Said:
    whole = rng.randint(*rng.choice(((2, 60), (10, 300), (100, 3000))))
    if rng.random() < 0.15:
        whole = whole * 10
    cents = rng.choice((50, 99, 95, 25, 90, rng.randint(1, 99))) if rng.random() < 0.3 else 0
    digits = f"{whole:,}" if whole >= 1000 and rng.random() < 0.25 else str(whole)
    digits = f"{digits}.{cents:02d}" if cents else digits
    form = "{}" if bare or rng.random() < 0.5 else rng.choice(("{} euros", "{} pounds", "{} dollars", "€{}", "£{}", "${}", "{} EUR"))
    return Said(form.format(digits), round(whole + cents / 100, 2) if cents else whole)


def _say_percent(whole: bool, rng: random.Random) -> Said:
    value: float = rng.choice((rng.randint(1, 100), rng.randrange(5, 100, 5)))
    if not whole and rng.random() < 0.15:
        value = min(value + 0.5, 99.5)
    return Said(f"{value}{rng.choice(('%', '%', ' percent', ' per cent', ' %'))}", value)


def _say_duration(rng: random.Random) -> Said:
    """Minutes; said as minutes, as hours or as both."""
    value = rng.choice((rng.randrange(5, 60, 5), rng.randrange(10, 180, 10), rng.randrange(60, 360, 30), rng.randint(3, 120)))
    hours, minutes = divmod(value, 60)
    ways = [f"{value} minutes", f"{value} min"]
    short = {15: "a quarter of an hour", 30: "half an hour", 45: "three quarters of an hour", 60: "an hour", 90: "an hour and a half"}
    if value in short:
        ways += [short[value]] * 2
    if hours > 1 and not minutes:
        ways += [f"{hours} hours", f"{NUMBER_WORDS[hours - 1]} hours"] * 2
    if hours > 1 and minutes == 30:
        ways += [f"{hours}.5 hours", f"{NUMBER_WORDS[hours - 1]} and a half hours"]
    if hours and minutes not in (0, 30):
        ways += [f"{'an hour' if hours == 1 else f'{hours} hours'} and {minutes} minutes", f"{hours}h {minutes}min"]
    return Said(rng.choice(ways), value)


def _say_word(kind: str, schema: Schema, rng: random.Random) -> Said:
    """A weekday, a month or a language, as the enum has it where there is one."""
    value = rng.choice(schema.get("enum") or {"weekday": WEEKDAYS, "month": MONTHS, "language": LANGUAGES}[kind])
    return Said(value.capitalize(), value)


# Lists.


def _say_list(examples: Sequence[str], rng: random.Random) -> Said:
    """One to three titles; such as hold a comma or an `and` stand alone."""
    whole = list(dict.fromkeys(draw_title(examples, rng) for _ in range(rng.choice((1, 2, 2, 3, 3)))))
    if len(whole) > 1 and any(re.search(r",|\band\b|&", title) for title in whole):
        whole = whole[:1]
    if len(whole) == 1:
        return Said(whole[0], whole)
    joint = rng.choice((" and ", " and ", ", ", ", and ")) if len(whole) > 2 else " and "
    return Said(f"{', '.join(whole[:-1])}{joint}{whole[-1]}", whole)
