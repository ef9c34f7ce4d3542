"""Edits: what is typed becomes a query that passes every check, or is refused with every reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gentool.core.call import Call
from gentool.core.family import Family, Query
from gentool.core.review import edited_id
from gentool.review.edit import RefusedEditError, Typed, edit_query, fill_form
from gentool.review.queue import Item
from gentool.synth.verify import check_alternatives, check_calls, check_grounded

CHECKS = {"call_schema": check_calls, "grounded": check_grounded, "alternatives": check_alternatives}


@pytest.fixture
def item(family: Family) -> Item:
    return Item(family.queries[0], family)


@pytest.fixture
def typed(item: Item) -> Typed:
    return fill_form(item, item.query)


def edit(item: Item, typed: Typed, others: list[tuple[str, str]] | None = None) -> Query:
    return edit_query(item, typed, CHECKS, others or [], 0.9)


def refused(item: Item, typed: Typed, others: list[tuple[str, str]] | None = None) -> list[str]:
    with pytest.raises(RefusedEditError) as caught:
        edit(item, typed, others)
    return caught.value.reasons


def change(typed: Typed, field: str, number: int, text: str) -> Typed:
    """The same with the field of the strong (0) or the weak tool (1) typed anew."""
    own: dict[str, str] = getattr(typed, field)
    return replace(typed, **{field: {**own, list(own)[number]: text}})  # type: ignore[arg-type]


def test_an_edit_is_a_query_of_its_own_id_that_keeps_the_rest(item: Item, typed: Typed) -> None:
    edited = edit(item, replace(typed, text="A place in the sun at Roma for four, please."))
    assert edited.text == "A place in the sun at Roma for four, please."
    assert edited.id == edited_id(item.query, edited) != item.query.id
    assert edited.model_copy(update={"id": item.query.id, "text": item.query.text}) == item.query
    assert edit(item, replace(typed, text=edited.text)).id == edited.id
    assert edit(item, replace(typed, text=f"{edited.text} Thanks.")).id != edited.id


def test_every_part_can_be_edited(item: Item, typed: Typed) -> None:
    wanted = replace(typed, weak_fit="none", needs="people\n area \n\n")
    wanted = change(wanted, "calls", 0, '{"place": "Roma", "people": 4}')
    wanted = change(change(wanted, "evidence", 0, ""), "alternatives", 0, '{"people": [4, 5]}')
    edited = edit(item, wanted)
    strong, weak = item.tools
    assert edited.fits == {strong: "full", weak: "none"}
    assert list(edited.calls) == [strong]
    assert edited.calls[strong].arguments == {"place": "Roma", "people": 4}
    assert (edited.needs, edited.evidence, edited.alternatives) == (("people", "area"), {}, {strong: {"people": (4, 5)}})


@pytest.mark.parametrize(
    ("field", "number", "text", "reason"),
    [
        ("calls", 0, '{"place": "Roma", "people": "four"}', "the call of book_table is not valid: $.people: 'four' is not of type 'integer'"),
        ("calls", 0, '{"place": "Roma"}', "'people' is a required property"),
        ("calls", 0, '{"place": "Roma", "people": 4, "when": "now"}', "Additional properties are not allowed"),
        ("calls", 0, '{"place": "Napoli", "people": 4}', "the value 'Napoli' of 'place' is not in the query"),
        ("calls", 0, "", "the arguments for book_table are missing"),
        ("calls", 1, "  ", "the arguments for call_restaurant are missing"),
        ("calls", 1, '{"name": "Roma"', "not valid JSON: Expecting ',' delimiter at line 1, column 16"),
        ("calls", 1, '["Roma"]', "must be a JSON object"),
        ("calls", 1, "null", "must be a JSON object"),
        ("calls", 0, '{"place": "Roma", "people": NaN}', "not valid JSON"),
        ("calls", 0, '{"place": "Roma", "people": 1e999}', "not valid JSON"),
        ("calls", 0, '{"place": "Roma", "people": ' + "9" * 5000 + "}", "not valid JSON"),
        ("calls", 0, "[" * 100_000, "nested too deeply"),
        ("calls", 0, '{"place": "\\ud800", "people": 4}', "cannot be written as UTF-8"),
        ("evidence", 0, '{"area": ["in the shade"]}', "the evidence 'in the shade' for 'area' is not in the query"),
        ("evidence", 0, '{"area": "in the sun"}', "the evidence for book_table must be an object of lists by parameter"),
        ("evidence", 0, "[1]", "must be an object of lists"),
        ("alternatives", 0, '{"people": ["some"]}', "a further value of 'people' is not valid"),
        ("alternatives", 0, '{"when": ["now"]}', "has no parameter 'when'"),
    ],
)
def test_what_a_record_of_synth_could_not_be_is_refused(item: Item, typed: Typed, field: str, number: int, text: str, reason: str) -> None:
    reasons = refused(item, change(typed, field, number, text))
    assert any(reason in found for found in reasons), reasons


def test_every_reason_is_given_at_once(item: Item, typed: Typed) -> None:
    wrong = change(change(typed, "calls", 0, "{"), "calls", 1, "[]")
    assert len(refused(item, replace(wrong, text="", weak_fit="best"))) == 3  # the query's own faults come as one line


def test_an_edit_that_changes_nothing_or_says_what_another_query_says_is_refused(item: Item, typed: Typed) -> None:
    assert refused(item, typed) == ["nothing was changed: accept the query, or change it first"]
    others = [("x", "Something else."), ("second", "for 2 please reserve at Venezia")]
    same = refused(item, replace(typed, text="Reserve at Venezia for 2, please!"), others)
    assert "it says the same as query second" in same


def test_true_is_not_one(family: Family) -> None:
    strong = family.strong
    one = Call(name=strong.name, arguments={"place": "Roma", "people": 1})
    query = family.queries[0].model_copy(update={"text": "Roma for one", "evidence": {}})
    query = query.model_copy(update={"calls": {**query.calls, strong.id: one}})
    item = Item(query, family)
    reasons = refused(item, change(fill_form(item, query), "calls", 0, '{"place": "Roma", "people": true}'))
    assert any("True is not of type 'integer'" in reason for reason in reasons)


def test_the_form_reads_back_as_it_was_filled(item: Item, typed: Typed) -> None:
    from gentool.review.edit import read_form

    values: dict[str, Any] = {"text": typed.text, "weak_fit": typed.weak_fit, "needs": typed.needs}
    for field in ("calls", "evidence", "alternatives"):
        values |= {f"{field}_{number}": text for number, text in enumerate(getattr(typed, field).values())}
    assert read_form(item, {key: value.replace("\n", "\r\n") for key, value in values.items()}).text == typed.text
    assert refused(item, read_form(item, values)) == ["nothing was changed: accept the query, or change it first"]
