"""BFCL's result files: answers to its records go out, for its own evaluator; and are read back. Called by gentool.export.

A result is what a model of OpenAI's tool-call form gives: `[{name: arguments as JSON text}, ...]`, with `_` for the dots of names.
Values of Java and JavaScript are written as source text, as BFCL's checker of these languages reads nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gentool.core.call import Call
from gentool.core.example import Example
from gentool.core.jsonl import read_json_lines, write_text

Answer = tuple[Example, Sequence[Call] | None, str]
"""An example, the calls that were read in its answer (None: unreadable), and the answer's text."""


def write_results(folder: Path, model: str, answers: Iterable[Answer]) -> list[Path]:
    """Write `folder/result/MODEL/GROUP/BFCL_v4_CATEGORY_result.json`, one record a line; returns the files.

    An answer that could not be read is given as its text, which BFCL cannot decode either; abstention is no call.
    """
    lines: dict[Path, list[str]] = {}
    for example, calls, text in answers:
        category = str(example.category)
        group = "live" if "live" in category else "non_live"
        path = folder / "result" / model.replace("/", "_") / group / f"BFCL_v4_{category}_result.json"
        result = text if calls is None else [_as_result(call, example) for call in calls if not call.abstains]
        record = {"id": (example.source or {})["id"], "result": result}
        lines.setdefault(path, []).append(json.dumps(record, ensure_ascii=False) + "\n")
    for path, written in lines.items():
        write_text(path, "".join(written))
    return list(lines)


def read_results(folder: Path) -> dict[str, list[Call] | None]:
    """The calls by record id in all result files below a folder, as BFCL decodes them; None where it cannot."""
    records = (record for path in sorted(folder.rglob("BFCL_v*_result.json")) for _, record in read_json_lines(path))
    return {record["id"]: _decode(record["result"]) for record in records}


def _decode(result: Any) -> list[Call] | None:
    try:
        return [Call(name=name, arguments=json.loads(arguments)) for entry in result for name, arguments in entry.items()]
    except (AttributeError, TypeError, ValueError):
        return None


def _as_result(call: Call, example: Example) -> dict[str, str]:
    category = str(example.category)
    arguments = call.arguments
    if "java" in category:
        functions = (example.source or {}).get("function") or []
        types: dict[str, Any] = next((one["parameters"]["properties"] for one in functions if one["name"] == call.name), {})
        write = write_javascript if "javascript" in category else write_java
        arguments = {name: write(value, types.get(name) or {}) for name, value in arguments.items()}
    return {call.name.replace(".", "_"): json.dumps(arguments, ensure_ascii=False)}


def write_java(value: Any, schema: dict[str, Any]) -> str:
    """A value as Java source of its declared type, in the forms that BFCL reads."""
    kind = schema.get("type")
    if isinstance(value, dict):
        puts = " ".join(f"put({json.dumps(key)}, {_java_literal(inner)});" for key, inner in value.items())
        return f"new HashMap<String, Object>() {{{{ {puts} }}}}" if value else "new HashMap<>()"
    if isinstance(value, list):
        items = schema.get("items") or {}
        if kind == "ArrayList":
            quoted = items.get("type") in ("String", "char")
            inner = ", ".join(json.dumps(item, ensure_ascii=False) if quoted else write_java(item, items) for item in value)
            return f"new ArrayList<>(Arrays.asList({inner}))" if value else "new ArrayList<>()"
        return f"new Object[]{{{', '.join(write_java(item, items) for item in value)}}}"
    text = _write_scalar(value)
    return text + {"long": "L", "float": "f"}.get(str(kind), "") if _is_number(value) else text


def _java_literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else write_java(value, {})


def write_javascript(value: Any, schema: dict[str, Any]) -> str:
    """A value as JavaScript source of its declared type, in the forms that BFCL reads."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_javascript_literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        items = schema.get("items") or {}
        return f"[{', '.join(_javascript_literal(item) if isinstance(item, str) else write_javascript(item, items) for item in value)}]"
    text = _write_scalar(value)
    if isinstance(value, str) and schema.get("type") == "String" and len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return f'"{text}"'
    return f"{text}n" if schema.get("type") == "Bigint" and _is_number(value) else text


def _javascript_literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else write_javascript(value, {})


def _write_scalar(value: Any) -> str:
    """A text as it is; numbers and truth values as JSON writes them."""
    return value if isinstance(value, str) else json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
