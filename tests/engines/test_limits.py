"""Limits of requests and tokens, and slowing down, on the real clock: what is asserted are lower bounds and counts."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from gentool.engines.limits import LONGEST_PAUSE, Pace, Slots, TokenBucket, back_off, estimate_tokens


def test_tokens_are_estimated_from_bytes() -> None:
    assert [estimate_tokens(text) for text in ("", "a", "four", "fives", "日本語")] == [0, 1, 1, 2, 3]
    assert estimate_tokens("\ud800") == 1


def test_a_bucket_lets_through_no_more_than_its_rate() -> None:
    async def take() -> tuple[float, list[int]]:
        bucket, order = TokenBucket(6000), []

        async def one(number: int) -> None:
            await bucket.take(1)
            order.append(number)

        start = time.monotonic()
        await asyncio.gather(*(one(number) for number in range(120)))
        return time.monotonic() - start, order

    seconds, order = asyncio.run(take())
    assert seconds >= 0.19, "100 of 120 are there at once, the others come at 100 a second"
    assert order == list(range(120))


def test_one_that_needs_more_than_a_bucket_holds_waits_and_is_not_lost() -> None:
    async def take() -> float:
        bucket = TokenBucket(6000)
        start = time.monotonic()
        await asyncio.wait_for(bucket.take(110), 5)
        return time.monotonic() - start

    assert asyncio.run(take()) >= 0.09


@pytest.mark.parametrize(("used", "at_least", "at_most"), [(0, 0.0, 0.05), (120, 0.19, 9.0)])
def test_what_was_reserved_is_corrected_by_what_was_used(used: int, at_least: float, at_most: float) -> None:
    async def take() -> float:
        bucket = TokenBucket(6000)
        await bucket.take(100)
        bucket.correct(100, used)
        start = time.monotonic()
        await bucket.take(1)
        return time.monotonic() - start

    assert at_least <= asyncio.run(take()) <= at_most


def test_slots_hold_the_limit_also_when_holders_are_cancelled_and_it_changes() -> None:
    async def hold() -> tuple[int, int]:
        slots, at_once, most, done = Slots(8), 0, [0, 0], 0

        async def one(phase: int) -> None:
            nonlocal at_once, done
            async with slots.hold():
                at_once += 1
                most[phase] = max(most[phase], at_once)
                try:
                    await asyncio.sleep(0.002)
                finally:
                    at_once -= 1
            done += 1

        tasks = [asyncio.create_task(one(0)) for _ in range(60)]
        await asyncio.sleep(0.003)
        for task in tasks[::3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done >= 40
        slots.halve()
        await asyncio.wait_for(asyncio.gather(*(one(1) for _ in range(40))), 5)
        return most[0], most[1]

    assert asyncio.run(hold()) == (8, 4)


def test_the_limit_of_slots_comes_back_with_answers_and_no_further() -> None:
    slots = Slots(4)
    slots.halve()
    slots.halve()
    slots.halve()
    assert slots.limit == 1
    for _ in range(200):
        slots.widen()
    assert slots.limit == 4


def test_a_single_refusal_slows_no_one_else_down() -> None:
    async def scenario() -> float:
        pace = Pace(4, None, None)
        for _ in range(3):
            pace.refused(5)
            pace.answered(1, 1)
        start = time.monotonic()
        async with pace.hold(1):
            return time.monotonic() - start

    assert asyncio.run(scenario()) < 1


def test_many_refusals_slow_everyone_down_for_the_time_that_the_server_asks() -> None:
    async def scenario() -> tuple[float, int, int]:
        pace = Pace(4, None, None)
        for _ in range(10):
            pace.refused(0.1)
        halved = pace.slots.limit
        pace.refused(0.1)
        start = time.monotonic()
        async with pace.hold(1):
            return time.monotonic() - start, halved, pace.slots.limit

    seconds, halved, after = asyncio.run(scenario())
    assert seconds >= 0.09
    assert (halved, after) == (2, 2), "refusals in one pause halve once"


def test_a_pace_keeps_requests_and_tokens_within_a_minutes_share() -> None:
    async def scenario(requests: int | None, tokens: int | None) -> float:
        pace = Pace(64, requests, tokens)
        start = time.monotonic()

        async def one() -> None:
            async with pace.hold(10):
                pass

        await asyncio.gather(*(one() for _ in range(30)))
        return time.monotonic() - start

    assert asyncio.run(scenario(1200, None)) >= 0.45, "20 at once, then 20 a second"
    assert asyncio.run(scenario(None, 12_000)) >= 0.45, "200 tokens at once, then 200 a second"
    assert asyncio.run(scenario(None, None)) < 0.4


def test_back_off_doubles_up_to_a_limit_and_differs() -> None:
    draw = random.Random(1)
    waits = [[back_off(attempt, draw) for _ in range(50)] for attempt in range(12)]
    assert all(0.25 * 2**attempt <= wait <= 0.5 * 2**attempt for attempt in range(6) for wait in waits[attempt])
    assert all(wait <= LONGEST_PAUSE for row in waits for wait in row) and len(set(waits[3])) == 50
