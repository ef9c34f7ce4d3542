"""The application behind the review page: addresses in, pages and redirects out; verdicts go to the store.

It stands on FastAPI, which the `review` extra installs: gentool.review.serve imports this file when the page is started.
Every action is a plain HTML form that ends with a redirect, so a reload sends nothing twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gentool.core.family import Family
from gentool.core.review import Decision, Review
from gentool.review.edit import Checks, RefusedEditError, Typed, edit_query, fill_form, read_form
from gentool.review.guard import Application, Guard, Secrets, same_text
from gentool.review.queue import Item
from gentool.review.verdicts import VerdictStore
from gentool.review.view import REASONS, Judged, count_progress, list_agreements, show_item

FOLDER = Path(__file__).parent
LONGEST_REASON = 500
STALE = "This page was opened before the server was started again, so nothing was done. Go back to the first page and decide again."


@dataclass(frozen=True)
class Desk:
    """What one reviewer works on: the queue, the checks, the store, and the server's secrets.

    `families` are all of the run, of which the queue may be a sample: an edit is compared with every query. `judged` gives by
    query and tool id the fit that a judge read, where there was one.
    """

    run: Path
    reviewer: str
    items: Sequence[Item]
    families: Sequence[Family]
    checks: Checks
    judged: Judged
    near_duplicate: float
    store: VerdictStore
    keys: Secrets = field(default_factory=Secrets)

    def by_reviewer(self) -> dict[str, dict[str, Review]]:
        """The verdicts that stand on the queue's queries as they are now, by reviewer and query."""
        contents = {item.query.id: item.content for item in self.items}
        found: dict[str, dict[str, Review]] = {}
        for action in self.store.standing():
            if contents.get(action.review.query) == action.review.content:
                found.setdefault(action.review.reviewer, {})[action.review.query] = action.review
        return found

    def next_place(self, after: int) -> str:
        """The address of the next query (1-based) that this reviewer has not judged, from the top at the end; /done where there is none."""
        own = self.by_reviewer().get(self.reviewer, {})
        count = len(self.items)
        places = [(after + step) % count for step in range(count)]
        return next((f"/query/{place + 1}" for place in places if self.items[place].query.id not in own), "/done")

    def other_texts(self, item: Item) -> list[tuple[str, str]]:
        """Ids and texts of all other queries, those that stand edited in their edited form too."""
        edited = [action.review.edited for action in self.store.standing() if action.review.edited and action.review.query != item.query.id]
        queries = [query for family in self.families for query in family.queries if query.id != item.query.id]
        return [(query.id, query.text) for query in (*queries, *edited)]

    def give(self, item: Item, decision: Decision, **parts: Any) -> None:
        self.store.give(Review(query=item.query.id, content=item.content, reviewer=self.reviewer, decision=decision, **parts))


def make_application(desk: Desk, port: int) -> Application:
    """The guarded application of one reviewer's desk, for a server on that port."""
    application = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    _add_pages(application, desk, environment)
    _add_actions(application, desk, environment)
    _add_files(application)
    application.add_exception_handler(sqlite3.Error, _not_saved)
    application.add_exception_handler(OSError, _not_saved)
    return Guard(application, port, desk.keys)


def _add_pages(application: FastAPI, desk: Desk, environment: Environment) -> None:
    @application.get("/")
    def open_first() -> Response:
        return RedirectResponse(desk.next_place(0), 303)

    @application.get("/next/{place}")
    def open_next(place: int) -> Response:
        return RedirectResponse(desk.next_place(place), 303)

    @application.get("/query/{place}")
    def show_query(place: int) -> Response:
        if not 1 <= place <= len(desk.items):
            return PlainTextResponse(f"There is no query {place}: this review has {len(desk.items)}.", 404)
        return _page(desk, environment, place)

    @application.get("/done")
    def show_done() -> Response:
        return HTMLResponse(environment.get_template("done.html.j2").render(**_frame(desk, desk.by_reviewer())))


def _add_actions(application: FastAPI, desk: Desk, environment: Environment) -> None:
    async def read(request: Request) -> dict[str, str]:
        return {key: value for key, value in (await request.form(max_files=0, max_fields=50)).items() if isinstance(value, str)}

    def is_stale(form: Mapping[str, str]) -> bool:
        return not same_text(form.get("form_token", ""), desk.keys.form)

    @application.post("/query/{place}/{action}")
    async def decide(place: int, action: str, request: Request) -> Response:
        form = await read(request)
        if is_stale(form) or not 1 <= place <= len(desk.items):
            return PlainTextResponse(STALE, 403)
        item = desk.items[place - 1]
        match action:
            case "accept":
                desk.give(item, "accept")
            case "reject":
                reason = " ".join(form.get("reason", "").split())[:LONGEST_REASON]
                if not reason:
                    return _page(desk, environment, place, faults=["a rejection needs its reason"])
                desk.give(item, "reject", reason=reason)
            case "edit":
                typed = read_form(item, form)
                try:
                    desk.give(item, "edit", edited=edit_query(item, typed, desk.checks, desk.other_texts(item), desk.near_duplicate))
                except RefusedEditError as error:
                    return _page(desk, environment, place, typed=typed, faults=error.reasons)
            case _:
                return PlainTextResponse("There is no such action.", 404)
        return RedirectResponse(desk.next_place(place), 303)

    @application.post("/undo")
    async def undo(request: Request) -> Response:
        form = await read(request)
        number = form.get("number", "")
        if is_stale(form) or not number.isascii() or not number.isdigit() or len(number) > 15:
            return PlainTextResponse(STALE, 403)
        desk.store.undo(int(number), desk.reviewer)
        places = {item.query.id: place for place, item in enumerate(desk.items, start=1)}
        return RedirectResponse(f"/query/{places.get(form.get('query', ''), 1)}", 303)


def _add_files(application: FastAPI) -> None:
    @application.get("/page.css")
    def style() -> Response:
        return Response((FOLDER / "page.css").read_bytes(), media_type="text/css")

    @application.get("/page.js")
    def script() -> Response:
        return Response((FOLDER / "page.js").read_bytes(), media_type="text/javascript")

    @application.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)


def _page(desk: Desk, environment: Environment, place: int, typed: Typed | None = None, faults: Sequence[str] = ()) -> Response:
    """The page of a query; with the reasons, and what was typed, where an action was refused."""
    item, verdicts = desk.items[place - 1], desk.by_reviewer()
    own = verdicts.get(desk.reviewer, {}).get(item.query.id)
    shown = show_item(item, own, desk.checks, desk.judged.get(item.query.id, {}))
    others = [others[item.query.id] for name, others in sorted(verdicts.items()) if own and name != desk.reviewer and item.query.id in others]
    page = environment.get_template("query.html.j2").render(
        **_frame(desk, verdicts),
        place=place,
        item=item,
        shown=shown,
        own=own,
        others=others,
        form=typed or fill_form(item, shown.query),
        editing=typed is not None,
        faults=faults,
        reasons=REASONS,
    )
    return HTMLResponse(page, 422 if faults else 200)


def _frame(desk: Desk, verdicts: Mapping[str, Mapping[str, Review]]) -> dict[str, Any]:
    """What every page shows: the run, the reviewer, progress, agreement, and what can be undone."""
    last = desk.store.last_action(desk.reviewer)
    places = {item.query.id: place for place, item in enumerate(desk.items, start=1)}
    return {
        "run": desk.run,
        "reviewer": desk.reviewer,
        "progress": count_progress(desk.items, verdicts.get(desk.reviewer, {})),
        "agreements": list_agreements(desk.reviewer, verdicts),
        "last": last if last is not None and last.review.query in places else None,
        "places": places,
        "form_token": desk.keys.form,
        "count": len(desk.items),
    }


def _not_saved(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"The verdict was not saved: {error}. What was saved before it stands; go back and try again.", 500)
