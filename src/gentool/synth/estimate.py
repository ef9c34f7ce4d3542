"""The dry run: what a synthesis would still ask for, in requests, tokens and money, before anything is sent.

The steps of the pipeline run in a temporary folder with an engine that answers from the run's cache of replies and, where that
holds none, with a stand-in of typical size. So the requests are the real ones as far as the answers are known, and what was
paid for is not counted again. Called by the command `gentool synth RUN --dry-run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gentool.core.canonical import content_hash
from gentool.core.family import Family, Unserved
from gentool.core.jsonl import read_records, write_records
from gentool.engines.cache import CachedReply, ReplyCache
from gentool.engines.completion import make_body
from gentool.engines.engine import Reply, Request, Usage
from gentool.engines.limits import estimate_tokens
from gentool.engines.openai import OPENAI_URL, OpenAISettings
from gentool.engines.prices import Price
from gentool.synth.counts import Written
from gentool.synth.judging import collect_votes, judge_requests
from gentool.synth.pipeline import CACHE, SynthSettings, Work, read_catalogue_of, synthesise, verify_all, write_all
from gentool.synth.standins import QUERY_LENGTH, SERVED_SHARE, WEAK_SIZE, stand_in
from gentool.synth.teacher import Teacher, model_of

KEPT = 0.9
"""The share of queries that pass verification and so come before the judge, as long as nothing is known."""
REASKED = 0.03
"""The share of requests that are asked again, as long as few answers are known."""
ENOUGH = 5
"""Answers of a task from which on its sizes are taken from them."""
TASKS = {"weaken": "weak tools", "queries": "queries", "calls": "calls", "unserved": "unserved queries", "judge": "judgements"}
AGAIN = "asked again"


NOTHING = Usage(0, 0)


@dataclass
class Line:
    """One task of a model: what is still to be sent, with our guess of its tokens, and what was answered, with our guess and the count."""

    requests: float = 0
    prompt: float = 0
    completion: float = 0
    answered: int = 0
    guessed: Usage = NOTHING
    counted: Usage = NOTHING

    def expect(self, prompt: float, completion: float, times: float) -> None:
        self.requests += times
        self.prompt += times * prompt
        self.completion += times * completion

    def learn(self, prompt: int, completion: int, usage: Usage) -> None:
        self.answered += 1
        self.guessed = Usage(self.guessed.prompt_tokens + prompt, self.guessed.completion_tokens + completion)
        self.counted = Usage(self.counted.prompt_tokens + usage.prompt_tokens, self.counted.completion_tokens + usage.completion_tokens)


@dataclass(frozen=True)
class Expected:
    """One line of the estimate: requests still to be sent for a task, answers that are there, tokens, and the cost where the price is known."""

    task: str
    model: str
    requests: int
    answered: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None


@dataclass(frozen=True)
class Estimate:
    """What a run would still take, and what that rests on. `budget` and `prices` are the recipe's; `paid` was paid already."""

    lines: tuple[Expected, ...]
    assumptions: tuple[str, ...]
    budget: float | None = None
    paid: float | None = None

    @property
    def requests(self) -> int:
        return sum(line.requests for line in self.lines)

    @property
    def tokens(self) -> int:
        return sum(line.prompt_tokens + line.completion_tokens for line in self.lines)

    @property
    def cost(self) -> float | None:
        costs = [line.cost for line in self.lines]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


@dataclass
class Replay:
    """An engine that sends nothing: it answers from the cache, else with a stand-in, and keeps the count of both.

    `share` of the requests that follow will really be made.
    """

    name: str
    settings: OpenAISettings
    cache: ReplyCache | None
    lines: dict[str, Line] = field(default_factory=dict)
    stood_in: set[str] = field(default_factory=set)
    share: float = 1.0

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            yield self._answer(request)

    def _answer(self, request: Request) -> Reply:
        original, _, again = request.id.partition("/")
        if again and original in self.stood_in:
            return Reply(request.id, stand_in(request))
        line = self.lines.setdefault(AGAIN if again else request.task, Line())
        prompt, guess = sum(estimate_tokens(message["content"]) for message in request.messages), stand_in(request)
        held = self.find(request)
        if held is None:
            self.stood_in.add(original)
            line.expect(prompt, estimate_tokens(guess), self.share)
            return Reply(request.id, guess)
        line.learn(prompt, estimate_tokens(guess), held.usage)
        return Reply(request.id, held.text, held.usage, held.error)

    def find(self, request: Request) -> CachedReply | None:
        """The reply that was paid for; the key is gentool.engines.openai's."""
        if self.cache is None:
            return None
        settings, url = self.settings, self.settings.base_url or OPENAI_URL
        body = make_body(request, model_of(self.name), settings.temperature, settings.max_tokens, settings.json_schema, url == OPENAI_URL)
        return self.cache.get(content_hash(url, body, length=32), request.sample)


def estimate(run: Path, settings: SynthSettings, seed: int) -> Estimate:
    """What `synthesise` would still ask for in a run folder. Sends nothing, and changes nothing there."""
    path = run / "synth" / CACHE
    cache = ReplyCache(path) if path.exists() else None
    try:
        with TemporaryDirectory() as folder:
            write_records(Path(folder) / "tools.jsonl", read_catalogue_of(run))
            replays = _replay(Path(folder), settings, seed, cache)
        lines = [line for replay in replays for line in _describe(replay)]
        paid = [price.cost(cache.paid(model_of(replay.name)).usage) for replay in replays if cache and (price := _price(replay))]
    finally:
        if cache:
            cache.close()
    return Estimate(tuple(lines), tuple(_assume(replays, settings)), settings.openai.budget, sum(paid) if paid else None)


def _price(replay: Replay) -> Price | None:
    return replay.settings.prices.get(model_of(replay.name))


def _replay(folder: Path, settings: SynthSettings, seed: int, cache: ReplyCache | None) -> list[Replay]:
    """Go through the steps; returns the engines that cost money, with what they counted."""
    replays = {name: Replay(name, settings.openai, cache) for name in settings.models}
    teacher = replays.get(settings.teacher)
    if teacher is None:
        synthesise(folder, settings.model_copy(update={"judge": None}), seed)
        families = list(read_records(folder / "synth" / "verified.jsonl", Family))
        unserved = list(read_records(folder / "synth" / "verified_unserved.jsonl", Unserved))
    else:
        player = Teacher(teacher, settings.reasks)
        work = Work(folder / "synth", settings, seed, player, player, [])
        written = write_all(read_catalogue_of(folder), work)
        families, unserved = _guess_families(written) if teacher.stood_in else verify_all(written, work)
    if settings.judge:
        judge = replays[settings.judge.model or settings.teacher]
        judge.share = KEPT if teacher and teacher.stood_in else 1.0
        requests = judge_requests(families, unserved, settings.judge, seed)
        collect_votes(requests, Teacher(judge, settings.reasks), folder / "votes.jsonl", [])
    return list(replays.values())


def _guess_families(written: Written) -> tuple[list[Family], list[Unserved]]:
    """What was written as if all of it would pass: the calls are not there to be checked."""
    families = [
        Family.model_construct(
            id=tool.id,
            strong=tool,
            weak=tuple(weak for weak in written.weak if weak.strong == tool.id),
            queries=tuple(query for query in written.queries if query.strong == tool.id),
        )
        for tool in written.strong
    ]
    return families, written.unserved


def _describe(replay: Replay) -> Iterator[Expected]:
    """The lines of a model, its guesses scaled by what its answers took."""
    lines = [line for task, line in replay.lines.items() if task != AGAIN]
    every = Line(
        guessed=_add(line.guessed for line in lines), counted=_add(line.counted for line in lines), answered=sum(line.answered for line in lines)
    )
    usual = _ratio(every.counted.prompt_tokens, every.guessed.prompt_tokens, every.answered, 1.0)
    prompt = completion = requests = 0.0
    for task in TASKS:
        line = replay.lines.get(task)
        if line is None:
            continue
        one = line.prompt * _ratio(line.counted.prompt_tokens, line.guessed.prompt_tokens, line.answered, usual)
        other = line.completion * _ratio(line.counted.completion_tokens, line.guessed.completion_tokens, line.answered, usual)
        prompt, completion, requests = prompt + one, completion + other, requests + line.requests
        yield _price_line(TASKS[task], replay, line.requests, line.answered, one, other)
    known = replay.lines.get(AGAIN, Line())
    share = known.answered / every.answered if every.answered >= 4 * ENOUGH else REASKED
    again = share * (prompt + completion) + known.prompt * usual, share * completion + known.completion * usual
    yield _price_line(AGAIN, replay, share * requests + known.requests, known.answered, *again)


def _add(usages: Iterable[Usage]) -> Usage:
    total = NOTHING
    for usage in usages:
        total = Usage(total.prompt_tokens + usage.prompt_tokens, total.completion_tokens + usage.completion_tokens)
    return total


def _ratio(counted: float, guessed: float, answers: int, usual: float) -> float:
    """By how much the answers that are there differ from our guess of them; `usual` where they are too few."""
    return counted / guessed if answers >= ENOUGH and guessed else usual


def _price_line(task: str, replay: Replay, requests: float, answered: int, prompt: float, completion: float) -> Expected:
    price, usage = _price(replay), Usage(round(prompt), round(completion))
    cost = price.cost(usage) if price else None
    return Expected(task, replay.name, round(requests), answered, usage.prompt_tokens, usage.completion_tokens, cost)


def _assume(replays: Sequence[Replay], settings: SynthSettings) -> Iterator[str]:
    """What the numbers rest on, in words."""
    answered = sum(line.answered for replay in replays for line in replay.lines.values())
    if answered:
        yield f"tokens: by what {answered} answers in {CACHE} took; of tasks with fewer than {ENOUGH} answers four bytes a token"
    else:
        yield "tokens: four bytes of the rendered messages a token; once some answers are there, what they took is the measure"
    if any(replay.stood_in for replay in replays):
        sizes = f"weak tools {WEAK_SIZE:.0%} of their strong tools, queries of {QUERY_LENGTH} characters"
        yield f"answers that are not there yet: sizes as in the starter set ({sizes}; the weak tool serves {SERVED_SHARE:.0%} of them)"
    yield f"asked again after an unusable answer: {REASKED:.0%} of the requests, or the share seen so far; at most {settings.reasks} times each"
    if settings.judge:
        yield f"the judge reads {settings.judge.sample:.0%} of the queries that pass the other checks ({KEPT:.0%} of them where that is not known)"
    yield "no discount for prompts that the provider has in its cache; reasoning tokens of models that think are not foreseen"
    if any(_price(replay) is None for replay in replays):
        yield "no cost: add the model to synth.openai.prices"
