"""The openai engine against a real server on loopback that is slow, wrong, rate-limited, hanging or dead."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gentool.core.errors import RecipeError, TeacherError
from gentool.engines import limits
from gentool.engines.engine import Reply, Request
from gentool.engines.openai import OpenAIEngine, OpenAISettings
from gentool.engines.prices import Price

sys.path.insert(0, str(Path(__file__).parent))
from teacher_server import Answer, Behaviour, Body, TeacherServer

KEY = "sk-secret-0123456789"
PRICE = Price(input=0, output=1_000_000)
Ask = Callable[..., tuple[list[Reply], OpenAIEngine]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short back-off, and a key."""
    monkeypatch.setattr(limits, "SHORTEST_PAUSE", 0.01)
    monkeypatch.setenv("TEACHER_KEY", KEY)


@pytest.fixture
def open_engine(tmp_path: Path) -> Iterator[Callable[..., OpenAIEngine]]:
    """Engines on one cache, by the server and settings; closed at the end."""
    opened: list[OpenAIEngine] = []

    def open_engine(server: TeacherServer | str, model: str = "m", **settings: object) -> OpenAIEngine:
        url = server if isinstance(server, str) else server.base_url
        checked = OpenAISettings.model_validate({"base_url": url, "api_key_env": "TEACHER_KEY", **settings})
        opened.append(OpenAIEngine(model, checked, tmp_path / "replies.sqlite"))
        return opened[-1]

    yield open_engine
    for engine in opened:
        engine.close()


def make_requests(count: int) -> list[Request]:
    return [Request(f"r{number}", "weaken", ({"role": "user", "content": f"tool {number}"},)) for number in range(count)]


def last_of(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def answer_last(body: Body) -> str:
    return f"to {last_of(body)}"


def test_each_request_gets_its_reply(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(Behaviour(key=KEY), answer_last) as server:
        engine = open_engine(server)
        replies = {reply.id: reply for reply in engine.reply(make_requests(40))}
    assert {name: reply.text for name, reply in replies.items()} == {f"r{number}": f"to tool {number}" for number in range(40)}
    assert all(reply.error is None and reply.usage is not None and reply.usage.completion_tokens >= 2 for reply in replies.values())
    assert (engine.name, engine.spent.requests, engine.spent.answers, engine.spent.estimated) == ("openai:m", 40, 40, False)
    assert engine.spent.prompt_tokens == sum(reply.usage.prompt_tokens for reply in replies.values() if reply.usage)


def test_no_requests_no_replies(open_engine: Callable[..., OpenAIEngine]) -> None:
    assert list(open_engine("http://127.0.0.1:9/v1").reply([])) == []


def test_what_was_answered_once_is_never_sent_again(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer() as server:
        first = sorted(open_engine(server).reply(make_requests(30)), key=lambda reply: reply.id)
        again = open_engine(server)
        assert sorted(again.reply(make_requests(30)), key=lambda reply: reply.id) == first
        assert (server.requests, again.spent.requests, again.spent.from_cache, again.paid.answers) == (30, 0, 30, 30)
        for changed in ({"temperature": 0.1}, {"max_tokens": 7}, {"model": "other"}):
            list(open_engine(server, **changed).reply(make_requests(30)))
        assert server.requests == 4 * 30 and server.answered_twice == 0


def test_equal_requests_are_one_request_unless_their_samples_differ(open_engine: Callable[..., OpenAIEngine]) -> None:
    said = iter(range(1000))
    with TeacherServer(Behaviour(latency=0.02), lambda _: f"number {next(said)}") as server:
        request = make_requests(1)[0]
        requests = [replace(request, id=f"{sample}/{copy}", sample=sample) for sample in range(3) for copy in range(20)]
        replies = list(open_engine(server).reply(requests))
    assert server.requests == 3 and len(replies) == 60
    assert len({(reply.id.split("/")[0], reply.text) for reply in replies}) == 3
    assert len({reply.text for reply in replies}) == 3


def test_a_schema_is_sent_unless_it_is_turned_off(open_engine: Callable[..., OpenAIEngine]) -> None:
    request = replace(make_requests(1)[0], schema={"type": "object"})
    with TeacherServer() as server:
        list(open_engine(server).reply([request]))
        list(open_engine(server, json_schema=False).reply([request]))
    assert [body.get("response_format", {}).get("json_schema", {}).get("schema") for body in server.bodies] == [{"type": "object"}, None]


def test_all_is_answered_by_a_server_that_fails_in_every_way(open_engine: Callable[..., OpenAIEngine]) -> None:
    behaviour = Behaviour(latency=0.01, too_many=0.05, broken=0.03, malformed=0.05, hanging=0.01, key=KEY)
    with TeacherServer(behaviour, answer_last) as server:
        engine = open_engine(server, concurrency=32, timeout=4)
        replies = list(engine.reply(make_requests(300)))
    assert sorted(reply.text for reply in replies) == sorted(f"to tool {number}" for number in range(300))
    assert server.answered_twice == 0 and server.most_at_once <= 32
    assert engine.spent.requests >= server.requests > 300
    assert {"too_many", "broken", "malformed", "hanging"} <= set(server.outcomes)


@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_that_the_server_asks_for_is_kept(open_engine: Callable[..., OpenAIEngine], status: int) -> None:
    came: list[float] = []

    def refuse_once(_: Body) -> Answer:
        came.append(time.monotonic())
        return Answer("later", status=status, headers={"retry-after-ms": "300"}) if len(came) == 1 else Answer("now")

    with TeacherServer(content=refuse_once) as server:
        replies = list(open_engine(server).reply(make_requests(1)))
    assert [reply.text for reply in replies] == ["now"] and 0.3 <= came[1] - came[0] < 5


def test_refusals_cost_a_request_no_attempt_while_others_are_answered(open_engine: Callable[..., OpenAIEngine]) -> None:
    def refuse_first(body: Body) -> str | Answer:
        refused = last_of(body) == "tool 0" and server.outcomes["ok"] < 40
        return Answer("later", status=429, headers={"retry-after-ms": "20"}) if refused else answer_last(body)

    with TeacherServer(Behaviour(latency=0.03), refuse_first) as server:
        replies = list(open_engine(server, concurrency=4, max_retries=2).reply(make_requests(60)))
    assert len(replies) == 60 and all(reply.error is None for reply in replies)
    assert server.outcomes["429"] > 3


def test_refusals_without_end_are_given_up(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(Behaviour(too_many=1.0, retry_after=0.01)) as server:
        [reply] = open_engine(server, max_retries=3).reply(make_requests(1))
    assert reply.error == "status 429: rate limit reached; given up after 4 attempts" and server.requests == 4


def fail_at(numbers: set[int], answer: Answer) -> Callable[[Body], str | Answer]:
    return lambda body: answer if int(last_of(body).split()[1]) in numbers else answer_last(body)


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (404, 1), (422, 1), (500, 4), (408, 4)])
def test_one_request_that_fails_is_given_up_alone(open_engine: Callable[..., OpenAIEngine], status: int, attempts: int) -> None:
    with TeacherServer(content=fail_at({13}, Answer("context too long", status=status))) as server:
        engine = open_engine(server, max_retries=3)
        replies = {reply.id: reply for reply in engine.reply(make_requests(30))}
    failed = replies.pop("r13")
    assert failed.text == "" and failed.error is not None and f"status {status}: context too long" in failed.error
    assert len(replies) == 29 and all(reply.error is None for reply in replies.values())
    assert server.outcomes[str(status)] == attempts and engine.spent.requests == 29 + attempts


def test_an_attempt_that_takes_too_long_is_given_up(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(Behaviour(hanging=1.0)) as server:
        [reply] = open_engine(server, timeout=0.1, max_retries=1).reply(make_requests(1))
    assert reply.error == "no answer within 0.1 seconds; given up after 2 attempts" and server.requests == 2


def test_an_answer_without_text_is_an_error_and_is_not_paid_for_again(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(content=lambda _: Answer(None, refusal="I must not")) as server:
        replies = [*open_engine(server).reply(make_requests(1)), *open_engine(server).reply(make_requests(1))]
    assert [(reply.text, reply.error) for reply in replies] == [("", "the model refused: I must not")] * 2 and server.requests == 1


def test_tokens_that_the_server_does_not_count_are_estimated(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(Behaviour(usage=False), lambda _: "12345678") as server:
        engine = open_engine(server, prices={"m": PRICE})
        list(engine.reply(make_requests(3)))
    assert engine.spent.estimated and engine.spent.completion_tokens == 6 and engine.spent.cost == pytest.approx(6)


def test_requests_a_minute_are_kept(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer() as server:
        start = time.monotonic()
        list(open_engine(server, requests_per_minute=1200).reply(make_requests(30)))
    assert time.monotonic() - start >= 0.45, "20 at once, then 20 a second"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_ends_all_at_once_and_is_never_shown(open_engine: Callable[..., OpenAIEngine], tmp_path: Path, status: int) -> None:
    with TeacherServer(content=lambda _: Answer(f"bad key {KEY}", status=status)) as server:
        engine = open_engine(server)
        with pytest.raises(TeacherError, match=rf"{server.base_url}: status {status}: bad key \*\*\*.*variable TEACHER_KEY") as caught:
            list(engine.reply(make_requests(500)))
    assert server.requests <= 32
    shown = f"{caught.value!r} {caught.value.__cause__!r} {engine!r} {vars(engine)!r} {vars(engine._connections)!r} {engine._settings!r}"
    assert KEY not in shown
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir()) and any(tmp_path.iterdir())


def test_without_a_key_openai_is_refused_and_a_local_server_is_asked(
    open_engine: Callable[..., OpenAIEngine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TEACHER_KEY")
    with pytest.raises(TeacherError, match="TEACHER_KEY holds no key"):
        OpenAIEngine("m", OpenAISettings(api_key_env="TEACHER_KEY"), tmp_path / "c")
    with TeacherServer(Behaviour(key="none")) as server:
        assert [reply.error for reply in open_engine(server).reply(make_requests(1))] == [None]
    with TeacherServer(Behaviour(key=KEY)) as server, pytest.raises(TeacherError, match="TEACHER_KEY, which is not set"):
        list(open_engine(server, model="n").reply(make_requests(1)))
    monkeypatch.setenv("TEACHER_KEY", "sk-ключ")
    with pytest.raises(TeacherError, match="characters that no key has"):
        open_engine("http://127.0.0.1:9/v1")


def test_a_server_that_cannot_be_reached_ends_all_with_its_address(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer() as server:
        gone = server.base_url
    with pytest.raises(TeacherError, match=rf"{gone}: the server cannot be reached.*start the server"):
        list(open_engine(gone, max_retries=2).reply(make_requests(50)))


def test_a_server_that_dies_ends_the_run_and_the_next_run_asks_for_the_rest(open_engine: Callable[..., OpenAIEngine]) -> None:
    replies: list[Reply] = []
    with TeacherServer(Behaviour(latency=0.005, dies_after=50), answer_last) as server:
        with pytest.raises(TeacherError, match="cannot be reached"):
            replies.extend(open_engine(server, concurrency=4, max_retries=2).reply(make_requests(120)))
        port = server.port
    assert len(replies) >= 40 or not replies
    with TeacherServer(Behaviour(), answer_last, port=port) as second:
        engine = open_engine(second)
        assert len(list(engine.reply(make_requests(120)))) == 120
    assert 45 <= engine.spent.from_cache <= 50 and engine.spent.from_cache == len(replies) and second.requests == 120 - engine.spent.from_cache


def test_where_none_of_the_first_requests_succeeds_something_is_wrong_with_all(open_engine: Callable[..., OpenAIEngine]) -> None:
    message = r"none of the first \d+ requests was answered; the last: status 404: the model does not exist"
    with TeacherServer(content=lambda _: Answer("the model does not exist", status=404)) as server, pytest.raises(TeacherError, match=message):
        list(open_engine(server).reply(make_requests(500)))
    assert server.requests < 60


def test_a_gateway_that_fails_for_all_in_the_middle_ends_the_run(open_engine: Callable[..., OpenAIEngine]) -> None:
    content = fail_at(set(range(40, 500)), Answer("bad gateway", status=502))
    with TeacherServer(content=content) as server, pytest.raises(TeacherError, match=r"none of the last \d+ requests .* status 502.*is kept"):
        list(open_engine(server, max_retries=1).reply(make_requests(500)))
    assert server.outcomes["502"] < 150


def test_the_budget_ends_the_run_and_a_higher_one_goes_on(open_engine: Callable[..., OpenAIEngine]) -> None:
    replies: list[Reply] = []
    with TeacherServer(Behaviour(latency=0.01), lambda _: "four") as server:
        engine = open_engine(server, concurrency=8, prices={"m": PRICE}, budget=50)
        with pytest.raises(TeacherError, match=r"the budget of 50\.00 is used up \(5\d\.00 spent\): raise synth\.openai\.budget and run the same"):
            for reply in engine.reply(make_requests(200)):
                replies.append(reply)
        cost = engine.spent.cost
        assert cost is not None and 50 <= cost <= 50 + 8 and cost == len(replies) == server.requests
        with pytest.raises(TeacherError, match="used up"):
            list(open_engine(server, concurrency=8, prices={"m": PRICE}, budget=50).reply(make_requests(200)))
        assert server.requests == len(replies), "the budget counts what earlier runs paid"
        second = open_engine(server, concurrency=8, prices={"m": PRICE}, budget=1000)
        assert len(list(second.reply(make_requests(200)))) == 200
        assert (server.requests, server.answered_twice) == (200, 0) and second.paid.cost == pytest.approx(200)


def test_a_budget_needs_a_price(open_engine: Callable[..., OpenAIEngine]) -> None:
    with pytest.raises(RecipeError, match=r"budget: .*add prices\.m "):
        open_engine("http://127.0.0.1:9/v1", prices={"other": PRICE}, budget=1)


def test_an_account_without_credit_ends_the_run_and_keeps_what_is_in_flight(open_engine: Callable[..., OpenAIEngine]) -> None:
    replies: list[Reply] = []
    content = fail_at({20}, Answer("no credit", status=429, code="insufficient_quota"))
    with TeacherServer(Behaviour(latency=0.02), content) as server, pytest.raises(TeacherError, match="no credit: pay in more"):
        for reply in open_engine(server, concurrency=8).reply(make_requests(200)):
            replies.append(reply)
    assert len(replies) == server.outcomes["ok"] < 60


def test_a_reader_that_stops_stops_the_requests_and_a_slow_one_holds_them_back(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer() as server:
        engine = open_engine(server, concurrency=4)
        replies = engine.reply(make_requests(1000))
        next(replies)
        time.sleep(0.4)
        assert server.requests <= 4 * 4 + 1
        replies.close()  # type: ignore[attr-defined]
        sent = server.requests
        time.sleep(0.05)
        assert server.requests == sent
        assert len(list(engine.reply(make_requests(30)))) == 30


def test_an_engine_that_is_closed_ends_what_is_open(open_engine: Callable[..., OpenAIEngine]) -> None:
    with TeacherServer(Behaviour(hanging=0.2)) as server:
        engine = open_engine(server, concurrency=4)
        replies = engine.reply(make_requests(50))
        next(replies)
        engine.close()
        with pytest.raises(RuntimeError, match="openai:m was closed before all replies were there"):
            list(replies)


@pytest.mark.parametrize("values", [{"base_url": "localhost:8000"}, {"budget": 0}, {"concurrency": 0}, {"api_key": "sk-1"}])
def test_settings_that_cannot_be_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        OpenAISettings.model_validate(values)


def test_calls_come_back_and_are_not_asked_for_again_and_other_tools_are_another_request(open_engine: Callable[..., OpenAIEngine]) -> None:
    def with_tool(name: str) -> Request:
        function = {"name": name, "description": "", "parameters": {"type": "object", "properties": {}}}
        return replace(make_requests(1)[0], tools=({"type": "function", "function": function},))

    with TeacherServer(content=lambda _: Answer(None, calls=[("a_b", '{"n": 1}')])) as server:
        texts = [reply.text for name in ("a.b", "a.b", "a b", "c") for reply in open_engine(server).reply([with_tool(name)])]
    written = [f'<tool_call>\n{{"name": "{name}", "arguments": {{"n": 1}}}}\n</tool_call>' for name in ("a.b", "a.b", "a b", "a_b")]
    assert texts == written, "one reply of the cache is read with each set's own names"
    assert server.requests == 2 and [body["tools"][0]["function"]["name"] for body in server.bodies] == ["a_b", "c"]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(None, refusal="no"), "answer"),
        (Answer("filtered", status=400, code="content_filter"), "answer"),
        (Answer("too long", status=400, code="context_length_exceeded"), "request"),
        (Answer("down", status=500), "server"),
        (Answer("later", status=429, headers={"retry-after-ms": "1"}), "server"),
        (Answer("fine"), None),
    ],
)
def test_an_error_says_whose_it_is(open_engine: Callable[..., OpenAIEngine], answer: Answer, fault: str | None) -> None:
    with TeacherServer(content=fail_at({3}, answer)) as server:
        replies = {reply.id: reply for reply in open_engine(server, max_retries=1).reply(make_requests(6))}
    assert replies.pop("r3").fault == fault and {reply.fault for reply in replies.values()} == {None}
