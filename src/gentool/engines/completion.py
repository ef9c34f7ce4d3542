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
from gentool.engines.engine import Request, Usage
from gentool.engines.limits import estimate_tokens

if TYPE_CHECKING:
    from openai import APIConnectionError, APIStatusError

Kind = Literal["too_many", "passing", "unreachable", "final", "unauthorized", "exhausted"]

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

LONGEST_MESSAGE = 300
"""Characters of a server's own message that are shown."""


@dataclass(frozen=True)
class Failure:
    """Why an attempt brought no answer.

    kind: `too_many` (the server asks for fewer), `passing` (may succeed another time), `unreachable` (no connection), `final`
    (this request will not succeed), `unauthorized` and `exhausted` (no request will). wait: seconds that the server asks for.
    """

    kind: Kind
    message: str
    wait: float | None = None


def make_body(request: Request, model: str, temperature: float | None, max_tokens: int, json_schema: bool, own_server: bool) -> dict[str, Any]:
    """What is sent; `own_server` is OpenAI's own, whose newer models know `max_tokens` under its newer name alone."""
    body: dict[str, Any] = {"model": model, "messages": list(request.messages)}
    body["max_completion_tokens" if own_server else "max_tokens"] = max_tokens
    if temperature is not None:
        body["temperature"] = temperature
    if json_schema and request.schema is not None:
        name = re.sub(r"[^a-zA-Z0-9_-]", "_", request.task)[:64] or "answer"
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": name, "schema": request.schema}}
    return body


def estimate_prompt(body: Mapping[str, Any]) -> int:
    """About as many tokens as a body's messages have."""
    return sum(estimate_tokens(message["content"]) for message in body["messages"])


def read_completion(content: bytes, body: Mapping[str, Any]) -> CachedReply | Failure:
    """The reply that an answer of status 200 holds, its error set where it holds no text; a failure where it is no chat completion."""
    try:
        answer = json.loads(content)
        choice = answer["choices"][0]
        text = _text_of(choice["message"].get("content"))
        refusal, reason = choice["message"].get("refusal"), choice.get("finish_reason")
        usage = _usage_of(answer.get("usage"))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Failure("passing", f"the answer is no chat completion: {_shorten(content.decode(errors='replace')) or 'it is empty'}")
    error = None if text.strip() else _explain_no_text(refusal, reason)
    estimated = usage is None
    return CachedReply(text if error is None else "", usage or Usage(estimate_prompt(body), estimate_tokens(text)), estimated, error)


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
        return f"the teacher refused: {_shorten(str(refusal))}"
    match reason:
        case "length":
            return "the answer reached max_tokens before it held any text: raise max_tokens (models that reason need more)"
        case "content_filter":
            return "the provider's content filter held the answer back"
    return "the teacher's answer is empty"


def read_status_error(error: APIStatusError) -> Failure:
    """What an answer of another status than 200 means."""
    detail = error.body if isinstance(error.body, dict) else {"message": error.body}
    message = f"status {error.status_code}: {_shorten(str(detail.get('message') or error.response.reason_phrase))}"
    kind = STATUS_KINDS.get(error.status_code, "passing" if error.status_code >= 500 else "final")
    if "insufficient_quota" in (detail.get("code"), detail.get("type")):
        kind = "exhausted"
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
