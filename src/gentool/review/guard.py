"""The door of the review page: who may ask for anything at all. Wraps the application; called by gentool.review.app.

The page is for the browser of the person who started it. A request is let in where it names this server as its host (so that no
other name can be pointed at it: DNS rebinding), does not come from another site, and carries the session's cookie, which is given
for the token of the printed address. A POST must come from the page itself (`Origin` or `Sec-Fetch-Site`); its form token is
checked by the application. Every answer forbids the browser all but this page's own style and script.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SELF_ONLY = ("script-src", "style-src", "img-src", "form-action")
POLICY = "; ".join(("default-src 'none'", *(f"{what} 'self'" for what in SELF_ONLY), "base-uri 'none'", "frame-ancestors 'none'"))
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
LARGEST = 1_000_000
"""Bytes of a form."""
NO_SESSION = "This page opens by the address with its token that <code>gentool review</code> printed. If you came by it from another page, "


@dataclass(frozen=True)
class Secrets:
    """What only the person who started the server has: the address's token, the cookie that is given for it, and the forms' token."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    form: str = field(default_factory=lambda: secrets.token_urlsafe(32))


def same_text(given: str, wanted: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how far they agree."""
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())


class Guard:
    """An ASGI application that lets requests through to another, or refuses them."""

    def __init__(self, application: Application, port: int, keys: Secrets) -> None:
        self._application = application
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        self._keys = keys
        self._cookie = f"gentool_review_{port}"  # cookies know no ports: two servers on one machine must not share a name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refuse(scope)
        if refusal is not None:
            await _answer(send, *refusal)
        elif self._is_first_visit(scope):
            cookie = f"{self._cookie}={self._keys.session}; Path=/; HttpOnly; SameSite=Strict"
            await _answer(send, 303, "", {"location": "/", "set-cookie": cookie})
        elif _is_foreign(scope) or not self._has_session(scope):
            await _answer(send, 403, _no_session_page(), {"content-type": "text/html; charset=utf-8"})
        else:
            await self._application(scope, receive, _with_headers(send))

    def _refuse(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason with which a request is refused whoever sends it, or None."""
        hosts, origins = _headers(scope, b"host"), _headers(scope, b"origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This server answers under its own address only."
        if scope["method"] not in ("GET", "POST"):
            return 405, "Only GET and POST."
        if scope["method"] == "GET":
            return None
        sites = _headers(scope, b"sec-fetch-site")
        if any(origin != f"http://{hosts[0].lower()}" for origin in origins) or any(site != "same-origin" for site in sites) or not origins + sites:
            return 403, "Forms are taken from this page only."
        lengths = _headers(scope, b"content-length")
        if len(lengths) != 1 or not lengths[0].isdigit():
            return 411, "The length of the form is missing."
        return (413, "The form is too large.") if int(lengths[0]) > LARGEST else None

    def _is_first_visit(self, scope: Scope) -> bool:
        """Whether a request carries the token of the printed address."""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return scope["method"] == "GET" and scope["path"] == "/" and same_text(given, self._keys.token)

    def _has_session(self, scope: Scope) -> bool:
        return any(same_text(value, self._keys.session) for header in _headers(scope, b"cookie") if (value := _read_cookie(header, self._cookie)))


def _is_foreign(scope: Scope) -> bool:
    """Whether another site asks. A person who follows its link is asked to go on by a link of this page."""
    return any(site not in ("same-origin", "none") for site in _headers(scope, b"sec-fetch-site"))


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _read_cookie(header: str, name: str) -> str | None:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return None
    return found.value if found else None


def _with_headers(send: Send) -> Send:
    """The same answers with the headers that protect the page."""

    async def send_guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [(key, value) for key, value in message.get("headers", ()) if key.decode("latin-1").lower() not in HEADERS]
            message["headers"] = [*kept, *((key.encode(), value.encode()) for key, value in HEADERS.items())]
        await send(message)

    return send_guarded


async def _answer(send: Send, status: int, text: str, headers: dict[str, str] | None = None) -> None:
    body = text.encode()
    fields = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body)), **(headers or {}), **HEADERS}
    await send({"type": "http.response.start", "status": status, "headers": [(key.encode(), value.encode()) for key, value in fields.items()]})
    await send({"type": "http.response.body", "body": body})


def _no_session_page() -> str:
    return f'<!DOCTYPE html><html lang="en"><title>No session</title><p>{NO_SESSION}<a href="/">go on here</a>.</p></html>'
