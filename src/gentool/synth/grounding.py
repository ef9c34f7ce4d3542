"""Whether the value of an argument comes from the query: a value that the query does not give is invented.

Pure. A value stands in a query as its words, its digits, or in another form that people use (`half past six` for 18:30,
`5 March 2026` for 2026-03-05, `two thousand` for 2000). Where a value is meant but not said (an enum's value, a flag, a unit's
conversion), the teacher names its evidence: the words of the query that it was taken from. Called by gentool.synth.verify.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product
from typing import Any

from gentool.engines.vectors import words_of

UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
SPOKEN = (
    {word: float(value) for value, word in enumerate(UNITS)}
    | {word: 20.0 + 10 * index for index, word in enumerate(TENS)}
    | {word: index + 1.0 for index, word in enumerate(ORDINALS)}
    | {"thirtieth": 30.0, "dozen": 12.0, "couple": 2.0, "half": 0.5, "quarter": 0.25, "once": 1.0, "twice": 2.0, "single": 1.0, "both": 2.0}
)
SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "grand": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9}
FACTORS = (1.0, 7.0, 10.0, 12.0, 24.0, 30.0, 60.0, 100.0, 365.0, 1000.0, 1024.0, 1440.0, 3600.0, 86400.0, 1e6)
"""Ratios of units that evidence may convert by: weeks, months, hours, minutes, per cent, kilo, mega."""
MONTHS = (
    ("jan", "ene", "gen", "sty", "oca", "ιαν", "янв"),
    ("feb", "fév", "fev", "lut", "şub", "φεβ", "фев"),
    ("mar", "mär", "maa", "mrt", "μαρ", "мар"),
    ("apr", "avr", "abr", "kwi", "nis", "απρ", "апр"),
    ("may", "mai", "mei", "mag", "maj", "máj", "μαΐ", "μαι", "мая", "май"),
    ("jun", "juin", "giu", "cze", "haz", "ιουν", "июн"),
    ("jul", "juil", "lug", "lip", "tem", "ιουλ", "июл"),
    ("aug", "aoû", "aou", "ago", "sie", "ağu", "αυγ", "авг"),
    ("sep", "set", "wrz", "eyl", "σεπ", "сен"),
    ("oct", "okt", "out", "ott", "paź", "eki", "οκτ", "окт"),
    ("nov", "lis", "kas", "νοε", "ноя"),
    ("dec", "dez", "déc", "dic", "gru", "ara", "δεκ", "дек"),
)
"""How the names of the months begin in a dozen languages."""
DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
TIME = re.compile(r"(\d{2}):(\d{2})(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Chinese, Japanese and Korean letters: no space parts a word from the next, or from its particle."""
MOST_JOINED = 12
NUMERAL = re.compile(r"\d+(?:[.,'\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?")


def is_grounded(name: str, value: Any, text: str, schema: Any = None, evidence: Sequence[str] = ()) -> bool:
    """Whether a value stands in a text, or in the evidence that was named for it; every leaf of a list or an object.

    `schema` is the parameter's JSON Schema: an enum's value needs evidence or its word, as a flag does.
    """
    schema = schema if isinstance(schema, dict) else {}
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return all(_is_default(leaf, inner.get(key)) or is_grounded(key, leaf, text, inner.get(key), evidence) for key, leaf in value.items())
    if isinstance(value, list):
        return all(is_grounded(name, leaf, text, schema.get("items"), evidence) for leaf in value)
    if value is None:
        return True
    if isinstance(value, bool):
        return bool(evidence) or bool(set(words_of(name)) & set(words_of(text)))
    if isinstance(value, int | float):
        return float(abs(value)) in numbers_of(text) or any(_converts(float(abs(value)), span) for span in evidence)
    return _stands(value, text) or (bool(evidence) and ("enum" in schema or _words_stand(value, evidence)))


def _is_default(value: Any, schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema and bool(schema["default"] == value)


def _stands(value: str, text: str) -> bool:
    """Whether a string stands in a text: its words in order, its letters and digits in one, or as a date or a time."""
    words = words_of(value)
    if not words:
        return value in text
    if f" {' '.join(words)} " in f" {' '.join(words_of(text))} ":
        return True
    if _joins(_squeeze(value), text) or (UNSPACED.search(value) and value in text):
        return True
    date, _, time = value.partition("T")
    if DATE.fullmatch(date):
        return _date_stands(date, text) and (not time or _time_stands(time, text))
    return _time_stands(value, text)


def _joins(value: str, text: str) -> bool:
    """Whether words that follow each other in a text make up a value: `BA 117` is BA117."""
    words = words_of(text)
    runs = (words[start : start + length] for start in range(len(words)) for length in range(1, MOST_JOINED + 1))
    return any(value == "".join(run) for run in runs)


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _words_stand(value: str, evidence: Sequence[str]) -> bool:
    spoken = {word for span in evidence for word in words_of(span)}
    return set(words_of(value)) <= spoken


def _date_stands(value: str, text: str) -> bool:
    match = DATE.fullmatch(value)
    assert match
    year, month, day = int(match[1]), int(match[2]), int(match[3] or 0)
    numbers = numbers_of(text) | {float(digits) for digits in re.findall(r"\d+", text)}
    named = any(word.startswith(MONTHS[month - 1]) for word in words_of(text)) if 1 <= month <= 12 else False
    compact = _squeeze(value) in _squeeze(text)
    return compact or (bool(numbers & {year, year % 100}) and (named or month in numbers) and (not day or day in numbers))


def _time_stands(value: str, text: str) -> bool:
    match = TIME.fullmatch(value)
    if not match:
        return False
    hour, minute = int(match[1]), int(match[2])
    words = set(words_of(text))
    numbers = numbers_of(text) | {float(digits) for digits in re.findall(r"\d+", text)}
    hours = {hour, hour % 12, hour % 12 + 1, (hour + 1) % 24} | ({12} if hour in (0, 12) else set())
    said = bool(hours & numbers) or bool(words & {"noon", "midday", "midnight"}) or f"{hour}{minute:02d}" in _squeeze(text)
    to_the_hour = minute == 0 or minute in numbers or 60 - minute in numbers or f"{minute:02d}" in re.findall(r"\d\d", text)
    parts = {30: {"half", "halb", "media", "demie", "mezza", "meia", "halv"}, 15: {"quarter"}, 45: {"quarter"}}
    return said and (to_the_hour or bool(parts.get(minute, set()) & words))


def numbers_of(text: str) -> set[float]:
    """Every number that a text gives, in digits or in English words: `1,200`, `2.5k`, `twenty-five`, `two hundred`."""
    found: set[float] = set()
    tokens = re.findall(rf"{NUMERAL.pattern}|[^\W\d_]+", text)
    current: float | None = None
    for token in [*tokens, ""]:
        value = _value_of(token)
        scale = SCALES.get(token.lower())
        if scale is not None and current is not None:
            current *= scale
            found.add(current)
        elif scale is not None and token.lower() == "hundred":
            current = scale
            found.add(current)
        elif value is None:
            current = current if token.lower() in ("and", "a") else None
        else:
            found |= {value, *_readings(token)}
            joined = current is not None and current > value and token.isalpha() and current >= 20
            current = (current or 0) + value if joined else value
            found.add(current)
    return found


def _value_of(token: str) -> float | None:
    if token.lower() in SPOKEN:
        return SPOKEN[token.lower()]
    return min(_readings(token), default=None) if token[:1].isdigit() else None


def _readings(token: str) -> set[float]:
    """What a numeral can mean: `1.200` is 1.2 or 1200, `3,5` is 3.5, `12 345` is one number or two."""
    if not token[:1].isdigit():
        return set()
    parts = re.split("[\u00a0\u202f ]", token)
    readings = {reading for part in parts for reading in _readings(part)} if len(parts) > 1 else set()
    readings |= {float(re.sub(r"\D", "", token))} if re.fullmatch(r"\d+(?:\D\d{3})*", token) else set()
    for decimal, others in ((".", ",'\u00a0\u202f "), (",", ".'\u00a0\u202f ")):
        plain = re.sub(rf"[{others}](?=\d{{3}}(?!\d))", "", token).replace(decimal, ".")
        if re.fullmatch(r"\d+(\.\d+)?", plain):
            readings.add(float(plain))
    return readings


def _converts(value: float, span: str) -> bool:
    """Whether a number follows from the numbers of a span by a ratio of units, or is the sum of two such."""
    numbers = numbers_of(span) | ({1.0} if {"a", "an"} & set(words_of(span)) else set())
    parts = {number * factor for number, factor in product(numbers, FACTORS)} | {number / factor for number, factor in product(numbers, FACTORS)}
    return any(abs(value - part) < 1e-6 for part in parts) or any(abs(value - first - second) < 1e-6 for first, second in product(parts, parts))
