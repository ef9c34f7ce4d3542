"""BFCL's own rules: decoded calls, function definitions and acceptable answers in; valid or its type of error out.

Pure. `score` adds what `summarise_bfcl` gives for examples of gentool.formats.bench_bfcl, beside our own verdicts, which no rule
of this file enters. Source: the AST checker of the Berkeley Function-Calling Leaderboard, v4 (`ast_checker.py`, `eval_runner.py`);
docs/benchmarks.md states the rules and where reading JSON differs from reading source text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from gentool.core.call import Call

Language = Literal["python", "java", "javascript"]
TYPES: dict[str, type] = {
    **dict.fromkeys(("string", "String", "char", "any", "Any"), str),
    **dict.fromkeys(("integer", "byte", "short", "long", "Bigint"), int),
    **dict.fromkeys(("float", "double", "number"), float),
    **dict.fromkeys(("boolean", "Boolean"), bool),
    **dict.fromkeys(("array", "tuple", "Array", "ArrayList", "Queue", "Stack"), list),
    **dict.fromkeys(("dict", "object", "HashMap", "Hashtable"), dict),
}
"""The type of value that each of BFCL's type names asks for, those of Java and JavaScript among them."""
WITH_ITEMS = ("array", "tuple", "Array", "ArrayList")
"""Type names whose items have a type that is checked, one level deep."""
FLOATS = ("float", "double", "number")
NUMERALS: dict[tuple[str, str], str] = {
    **{("java", name): r"(-?\d+)" for name in ("byte", "short", "integer")},
    ("java", "long"): r"(-?\d+)[lL]",
    ("java", "float"): r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)[fF]",
    ("java", "double"): r"(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)",
    ("javascript", "integer"): r"(-?\d+)",
    ("javascript", "Bigint"): r"(-?\d+)n",
    ("javascript", "float"): r"(-?\d+(?:\.\d+)?)",
}
"""How a number of a type is written in the source text of a language."""
IGNORED = str.maketrans("'", '"', " ,./-_*^")
"""What BFCL deletes from texts before it compares them; single quotes become double ones."""
SIMPLE = "simple_function_checker"
PARALLEL = "parallel_function_checker_no_order"
UNDECODABLE = "ast_decoder:decoder_failed"


def check_bfcl(calls: Sequence[Call] | None, functions: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]] | None, category: str) -> str:
    """The type of error that BFCL finds in an answer to a record of `category`; empty where it is valid.

    `calls` is None where the answer could not be read; abstention is no call. `functions` and `truth` are the record's own
    `function` and `ground_truth`. An irrelevance record is valid wherever no call was read, an answer that cannot be read included.
    """
    given = [call for call in calls or () if not call.abstains]
    if "irrelevance" in category:
        return "irrelevance_error:decoder_success" if given else ""
    if "relevance" in category:
        return "" if given else "relevance_error:decoder_failed"
    if calls is None:
        return UNDECODABLE
    language = language_of(category)
    if "parallel" in category:
        return _check_parallel(given, functions, truth or (), language)
    checker = "multiple_function_checker" if "multiple" in category else SIMPLE
    if len(given) != 1:
        return f"{checker}:wrong_count"
    expected = truth[0] if truth else {}
    named = next(iter(expected), "") if "multiple" in category else None
    return _check_call(given[0], _find_function(functions, named), expected, language)


def language_of(category: str) -> Language:
    """The language whose type names a category uses."""
    return "javascript" if "javascript" in category else "java" if "java" in category else "python"


def _find_function(functions: Sequence[dict[str, Any]], name: str | None) -> dict[str, Any] | None:
    """The definition of a name, the first one where no name is given."""
    return next((function for function in functions if name is None or function.get("name") == name), None)


def _check_parallel(calls: Sequence[Call], functions: Sequence[dict[str, Any]], truth: Sequence[dict[str, Any]], language: Language) -> str:
    """As many calls as acceptable answers, each of which takes the first call left that satisfies it."""
    if len(calls) != len(truth):
        return f"{PARALLEL}:wrong_count"
    left = list(calls)
    for expected in truth:
        function = _find_function(functions, next(iter(expected), ""))
        found = next((call for call in left if not _check_call(call, function, expected, language)), None)
        if found is None:
            return f"{PARALLEL}:cannot_find_match"
        left.remove(found)
    return ""


def _check_call(call: Call, function: dict[str, Any] | None, expected: dict[str, Any], language: Language) -> str:
    """One call against one acceptable answer, `{name: {argument: [acceptable values]}}`; the first error in BFCL's order."""
    if function is None or call.name != function.get("name"):
        return f"{SIMPLE}:wrong_func_name"
    parameters = function.get("parameters") or {}
    properties: dict[str, Any] = parameters.get("properties") or {}
    accepted: dict[str, list[Any]] = next(iter(expected.values()), {})
    if any(name not in call.arguments for name in parameters.get("required") or ()):
        return f"{SIMPLE}:missing_required"
    for name, value in call.arguments.items():
        if name not in properties or name not in accepted:
            return f"{SIMPLE}:unexpected_param"
        error = _check_value(value, properties[name], accepted[name], language)
        if error:
            return error
    if any(name not in call.arguments and "" not in values for name, values in accepted.items()):
        return f"{SIMPLE}:missing_optional"
    return ""


def _check_value(value: Any, schema: dict[str, Any], accepted: list[Any], language: Language) -> str:
    """One argument's type, then its value, against the acceptable values."""
    name = str(schema.get("type"))
    expected, items = TYPES.get(name), None
    if name in WITH_ITEMS:
        items = TYPES.get(str((schema.get("items") or {}).get("type")))
    value = read_source(value, name, language)
    if name in FLOATS and type(value) is int:
        value = float(value)
    error, variable = _check_type(value, accepted, expected, items)
    if error or (variable and value in accepted):
        return error
    if variable or expected not in (dict, list, str):
        return "" if value in accepted else "value_error:others"
    if expected is dict:
        return _check_dictionary(value, accepted)
    if expected is list:
        return _check_dictionaries(value, accepted) if items is dict else _check_list(value, accepted)
    return "" if _plain(value) in [_plain(one) for one in accepted if isinstance(one, str)] else "value_error:string"


def read_source(value: Any, name: str, language: Language) -> Any:
    """The value that a text of Java's or JavaScript's source stands for, as BFCL reads numbers and truth values.

    Values that have their type already, as JSON gives them, are returned as they are, and so are texts of any other type.
    """
    if language == "python" or not isinstance(value, str):
        return value
    if name in ("boolean", "Boolean"):
        return {"true": True, "false": False}.get(value, value)
    matched = re.fullmatch(NUMERALS.get((language, name), r"(?!)"), value)
    return (float if name in FLOATS else int)(matched[1]) if matched else value


def _check_type(value: Any, accepted: list[Any], expected: type | None, items: type | None) -> tuple[str, bool]:
    """The error of a value's type, and whether it is taken for a variable: acceptable values of another type than the declared one."""
    gold = next((type(one) for one in accepted if one != ""), None)
    variable = gold is not None and gold is not expected
    if type(value) is not expected:
        return ("", True) if type(value) is gold else ("type_error:simple", False)
    if items is None or any(_fits_items(value, one, items) for one in accepted):
        return "", variable
    return "type_error:nested" if type(value) is gold else "type_error:simple", False


def _fits_items(values: Any, accepted: Any, items: type) -> bool:
    """Whether every item has the declared type, or that of the acceptable list's items; what is no list fits always."""
    return not isinstance(accepted, list) or all(not _check_type(value, accepted, items, None)[0] for value in values)


def _check_list(values: list[Any], accepted: list[Any]) -> str:
    plain = [_plain(value) for value in values]
    allowed = [[_plain(value) for value in one] for one in accepted if isinstance(one, list | str)]
    return "" if plain in allowed else "value_error:list/tuple"


def _check_dictionary(value: Any, accepted: Iterable[Any]) -> str:
    """An object against objects of lists by key; a key may be missing where its list holds ""."""
    error = "dict_checker:unclear"
    for allowed in accepted:
        if allowed == "":
            continue
        error = _compare_dictionary(value, allowed)
        if not error:
            break
    return error


def _compare_dictionary(value: Any, allowed: Any) -> str:
    if not isinstance(value, dict) or not isinstance(allowed, dict):
        return "value_error:dict_value"
    lists = {key: listed if isinstance(listed, list) else [listed] for key, listed in allowed.items()}
    if any(key not in value and "" not in listed for key, listed in lists.items()):
        return "value_error:dict_key"
    for key, given in value.items():
        if key not in lists:
            return "value_error:dict_key"
        if _plain(given) not in [_plain(one) for one in lists[key]]:
            return "value_error:dict_value"
    return ""


def _check_dictionaries(values: list[Any], accepted: Iterable[Any]) -> str:
    """A list of objects: as many, in the same order."""
    error = "list_dict_checker:unclear"
    for allowed in accepted:
        if len(values) != len(allowed):
            error = "value_error:list_dict_count"
            continue
        error = next((found for pair in zip(values, allowed, strict=True) if (found := _check_dictionary(pair[0], [pair[1]]))), "")
        if not error:
            break
    return error


def _plain(value: Any) -> Any:
    """A text as BFCL compares it, any other value as it is."""
    return value.translate(IGNORED).lower() if isinstance(value, str) else value
