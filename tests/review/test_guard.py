"""The door: without the token, from another host or another site nothing is answered and nothing is changed."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[..., Any]
PATHS = ("/", "/query/1", "/done", "/next/0", "/page.js", "/page.css", "/docs", "/openapi.json", "/favicon.ico")


@pytest.fixture
def page(serve: Serve, pair_run: Path) -> Any:
    return serve(pair_run)


def test_the_token_gives_a_cookie_and_leaves_the_address(page: Any) -> None:
    reply = page.ask(f"/?token={page.desk.keys.token}")
    assert (reply.status, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert page.desk.keys.token not in cookie
    assert page.ask("/", Cookie=cookie.split(";")[0]).headers["location"] == "/query/1"


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_answered_without_the_token(page: Any, path: str) -> None:
    for reply in (page.ask(path), page.ask(f"{path}?token=wrong"), page.ask(path, Cookie="gentool_review=x; a=b"), page.ask(path, Cookie=";;=,\x7f")):
        assert reply.status == 403
        assert "set-cookie" not in reply.headers
        assert "Roma" not in reply.text and page.desk.keys.form not in reply.text


def test_the_token_opens_the_first_page_alone_and_is_compared_in_constant_time(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Any] = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: (compared.append(one), real(one, other))[1])  # type: ignore[func-returns-value]
    assert page.ask(f"/query/1?token={page.desk.keys.token}").status == 403
    assert page.ask("/?token=abc").status == 403
    assert b"abc" in compared


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "[::1]:{port}", ""]
)
def test_another_host_is_refused(page: Any, host: str) -> None:
    reply = page.ask("/query/1", Cookie=page.cookie, Host=host.format(port=page.port))
    assert (reply.status, "Roma" in reply.text) == (421, False) or reply.status == 400
    origin = f"http://{host.format(port=page.port)}"
    assert page.send("/query/1/accept", {"Host": host.format(port=page.port), "Origin": origin}).status in (400, 421)
    assert page.verdicts() == []


def test_localhost_is_a_name_of_this_machine(page: Any) -> None:
    host = f"localhost:{page.port}"
    assert page.ask("/query/1", Cookie=page.cookie, Host=host).status == 200
    assert page.send("/query/1/accept", {"Host": host, "Origin": f"http://{host}"}).status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_of_another_site_is_refused(page: Any, headers: dict[str, str]) -> None:
    assert page.send("/query/1/accept", headers).status == 403
    assert page.verdicts() == []


def test_a_form_must_say_where_it_comes_from(page: Any) -> None:
    form = f"form_token={page.desk.keys.form}"
    assert page.ask("/query/1/accept", "POST", form, Cookie=page.cookie).status == 403
    assert page.ask("/query/1/accept", "POST", form, Cookie=page.cookie, Sec_Fetch_Site="same-origin").status == 303
    assert page.ask("/query/1/accept", "POST", form, Origin=page.origin).status == 403, "the cookie is needed too"


@pytest.mark.parametrize("token", ["", "wrong", "ünïcode"])
def test_a_form_needs_its_token(page: Any, token: str) -> None:
    for path in ("/query/1/accept", "/query/1/reject", "/query/1/edit", "/undo"):
        assert page.send(path, form_token=token, reason="x", number="1").status == 403
    assert page.verdicts() == []


def test_a_visit_from_another_site_shows_nothing_but_a_way_on(page: Any) -> None:
    reply = page.ask("/query/1", Cookie=page.cookie, Sec_Fetch_Site="cross-site")
    assert (reply.status, "Roma" in reply.text) == (403, False)
    assert '<a href="/">' in reply.text
    assert page.ask(f"/?token={page.desk.keys.token}", Sec_Fetch_Site="cross-site").status == 303, "the printed address may be clicked anywhere"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(page: Any, method: str) -> None:
    assert page.ask("/query/1", method, Cookie=page.cookie, Origin=page.origin).status == 405


def test_nothing_is_changed_by_a_get(page: Any) -> None:
    for path in ("/query/1/accept", "/query/1/reject?reason=x", "/undo"):
        assert page.see(path).status in (404, 405)
    assert page.verdicts() == []


def test_a_form_that_is_too_large_is_refused_before_it_is_read(page: Any) -> None:
    assert page.send("/query/1/reject", {"Content-Length": "1000001"}, reason="x").status == 413
    assert page.send("/query/1/reject", {"Content-Length": "x"}, reason="x").status in (400, 411)
    assert page.verdicts() == []


def test_every_answer_forbids_the_browser_what_the_page_does_not_need(page: Any) -> None:
    for reply in (page.see("/query/1"), page.see("/nowhere"), page.see("/page.js"), page.ask("/"), page.ask("/", Host="evil.example")):
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in reply.headers
