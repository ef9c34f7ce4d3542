"""One chat completion: what is sent for a request, what its answer holds, and what its failure means.

A request and the settings in, the body of POST /chat/completions out; the answer's bytes or the client's exception in, a
reply or a failure out. gentool.engines.openai calls it.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from gentool.engines.cache import CachedReply
from gentool.engines.engine import Reply, Request, Usage
from gentool.engines.limits import estimate_tokens
from gentool.engines.tool_calls import make_tools, write_answer

if TYPE_CHECKING:
    from openai import APIConnectionError, APIStatusError

Kind = Literal["too_many", "passing", "unreachable", "final", "withheld", "unauthorized", "exhausted"]

STATUS_KINDS: Mapping[int, Kind] = {
    401: "unauthorized",
    402: "exhausted",
    403: "unauthorized",
    408: "passing",
    409: "passing",
    425: "passing",
    429: "too_many",
    503: "too_many",
    529: "too_many",
}
"""Other statuses from 500 are passing, other statuses below are final."""

WITHHELD = ("content_filter", "content_policy_violation")
"""The codes with which a provider's filter refuses to let a request be answered."""

CUT_OFF = "the answer was cut off at max_tokens"
FILTERED = "the provider's content filter held the answer back"

LONGEST_MESSAGE = 300
"""Characters of a server's own message that are shown."""


@dataclass(frozen=True)
class Failure:
    """Why an attempt brought no answer.

    kind: `too_many` (the server asks for fewer), `passing` (may succeed another time), `unreachable` (no connection), `final`
    (the server does not take this request), `withheld` (the provider's filter lets nothing be answered to it), `unauthorized` and
    `exhausted` (no request will succeed). wait: seconds that the server asks for.
    """

    kind: Kind
    message: str
    wait: float | None = None


def make_body(request: Request, model: str, temperature: float | None, max_tokens: int, json_schema: bool, own_server: bool) -> dict[str, Any]:
    """What is sent; `own_server` is OpenAI's own, whose newer models know `max_tokens` under its newer name alone.

    The tools of a request go out as such. A schema that names no type is of an object: OpenAI's server wants it named.
    """
    body: dict[str, Any] = {"model": model, "messages": list(request.messages)}
    body["max_completion_tokens" if own_server else "max_tokens"] = max_tokens
    if temperature is not None:
        body["temperature"] = temperature
    if request.tools:
        body |= {"tools": make_tools(request.tools), "tool_choice": request.tool_choice}
    if json_schema and request.schema is not None:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", request.task)[:64] or "answer"
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": name, "schema": {"type": "object", **request.schema}}}
    return body


def estimate_prompt(body: Mapping[str, Any]) -> int:
    """About as many tokens as a body's messages and tools have."""
    tools = json.dumps(body["tools"], ensure_ascii=False) if "tools" in body else ""
    return sum(estimate_tokens(message["content"]) for message in body["messages"]) + estimate_tokens(tools)


def read_completion(content: bytes, body: Mapping[str, Any]) -> CachedReply | Failure:
    """The reply that an answer of status 200 holds, its error set where it holds nothing to read; a failure where it is no chat completion.

    An answer to a request with tools is kept as JSON, words and calls apart, for `read_kept`; where calls were asked for and it
    was cut off or held back, what is there is no answer: words might have become a call.
    """
    try:
        answer = json.loads(content)
        choice = answer["choices"][0]
        text = _text_of(choice["message"].get("content"))
        calls = list(choice["message"].get("tool_calls") or ())
        refusal, reason = choice["message"].get("refusal"), choice.get("finish_reason")
        usage = _usage_of(answer.get("usage"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Failure("passing", f"the answer is no chat completion: {_shorten(content.decode(errors='replace')) or 'it is empty'}")
    error = None if text.strip() or (calls and "tools" in body) else _explain_no_text(refusal, reason)
    if body.get("tool_choice") == "auto":
        error = error or {"length": CUT_OFF, "content_filter": FILTERED}.get(reason)
    if "tools" in body:
        text = json.dumps({"content": text, "tool_calls": calls})
    estimated = usage is None
    held = text if error is None or "tools" in body else ""
    return CachedReply(held, usage or Usage(estimate_prompt(body), estimate_tokens(text)), estimated, error)


def read_kept(held: CachedReply, request: Request) -> Reply:
    """What the cache holds as the reply to a request."""
    if held.error is not None:
        return Reply(request.id, "", held.usage, held.error, "answer")
    if not request.tools:
        return Reply(request.id, held.text, held.usage)
    kept = json.loads(held.text)
    return Reply(request.id, write_answer(kept["content"], kept["tool_calls"], request.tools), held.usage)


def _text_of(content: Any) -> str:
    """A message's text, also where a server sends it in parts; lone surrogates, which no file can hold, become question marks."""
    parts = content if isinstance(content, list) else [content]
    texts = [part["text"] if isinstance(part, dict) else part for part in parts if part is not None]
    return "".join(texts).encode(errors="replace").decode()


def _usage_of(usage: Any) -> Usage | None:
    """The tokens that the server counted, None where it did not."""
    if not usage or usage.get("prompt_tokens") is None or usage.get("completion_tokens") is None:
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(int(usage["prompt_tokens"]), int(usage["completion_tokens"]), int(cached))


def _explain_no_text(refusal: str | None, reason: str | None) -> str:
    if refusal:
        return f"the model refused: {_shorten(str(refusal))}"
    match reason:
        case "length":
            return "the answer reached max_tokens before it held any text: raise max_tokens (models that reason need more)"
        case "content_filter":
            return FILTERED
    return "the answer is empty"


def read_status_error(error: APIStatusError) -> Failure:
    """What an answer of another status than 200 means."""
    detail = error.body if isinstance(error.body, dict) else {"message": error.body}
    message = f"status {error.status_code}: {_shorten(str(detail.get('message') or error.response.reason_phrase))}"
    kind = STATUS_KINDS.get(error.status_code, "passing" if error.status_code >= 500 else "final")
    if "insufficient_quota" in (detail.get("code"), detail.get("type")):
        kind = "exhausted"
    if kind == "final" and (detail.get("code") in WITHHELD or detail.get("type") in WITHHELD):
        kind = "withheld"
    return Failure(kind, message, read_retry_after(error.response.headers))


def read_connection_error(error: APIConnectionError) -> Failure:
    """What a request that got no answer means; the HTTP client's own exception is the cause."""
    import httpx2

    cause = error.__cause__ or error
    kind: Kind = "unreachable" if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) else "passing"
    return Failure(kind, f"{_shorten(str(cause)) or 'the connection broke'} ({type(cause).__name__})")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date; None where it does not say."""
    try:
        if (milliseconds := headers.get("retry-after-ms")) is not None:
            return max(0.0, float(milliseconds) / 1000)
        if (given := headers.get("retry-after")) is None:
            return None
        if re.fullmatch(r"\s*[\d.]+\s*", given):
            return float(given)
        return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - time.time())
    except ValueError:
        return None


def _shorten(text: str) -> str:
    """One line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}..."
