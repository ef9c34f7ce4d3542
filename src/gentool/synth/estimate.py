"""The dry run: what a synthesis would still ask for, in requests, tokens and money, before anything is sent.

The steps of the pipeline run in a temporary folder with an engine that answers from the run's cache of replies and, where that
holds none, with a stand-in of typical size. So the requests are the real ones as far as the answers are known, and what was
paid for is not counted again. Called by the command `gentool synth RUN --dry-run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from gentool.core.family import Family, Unserved
from gentool.core.jsonl import read_records, write_records
from gentool.engines.cache import CachedReply, ReplyCache
from gentool.engines.engine import Reply, Request
from gentool.engines.estimate import ENOUGH, Estimate, Expected, Line, expect, find_reply, open_cache, usual_ratio
from gentool.engines.limits import estimate_tokens
from gentool.engines.openai import OpenAISettings
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
TASKS = {"weaken": "weak tools", "queries": "queries", "calls": "calls", "unserved": "unserved queries", "judge": "judgements"}
AGAIN = "asked again"


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
        """The reply that was paid for."""
        return find_reply(self.cache, request, model_of(self.name), self.settings)


def estimate(run: Path, settings: SynthSettings, seed: int) -> Estimate:
    """What `synthesise` would still ask for in a run folder. Sends nothing, and changes nothing there."""
    path = run / "synth" / CACHE
    cache = open_cache(path)
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
    answers, usual, price = sum(line.answered for line in lines), usual_ratio(lines), _price(replay)
    prompt = completion = requests = 0.0
    for task in TASKS:
        line = replay.lines.get(task)
        if line is None:
            continue
        one, other = line.scaled(usual)
        prompt, completion, requests = prompt + one, completion + other, requests + line.requests
        yield expect(TASKS[task], replay.name, price, line.requests, line.answered, one, other)
    known = replay.lines.get(AGAIN, Line())
    share = known.answered / answers if answers >= 4 * ENOUGH else REASKED
    again = share * (prompt + completion) + known.prompt * usual, share * completion + known.completion * usual
    yield expect(AGAIN, replay.name, price, share * requests + known.requests, known.answered, *again)


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
