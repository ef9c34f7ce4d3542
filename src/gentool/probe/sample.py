"""Which test examples are probed, and which tools may stand beside each. Test examples and families in, bases out.

Called by gentool.probe.pipeline.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from gentool.core.errors import RunError
from gentool.core.example import Example
from gentool.core.family import Family
from gentool.pairs.distractors import Distractors
from gentool.probe.altered import Base


def choose_examples(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Up to `count` examples whose answer is a call and as many whose answer is to abstain, evenly from the families.

    Of examples of a family alone: a query that no tool serves has none, nor has one made elsewhere. A smaller sample is part of
    a larger one.
    """
    fit = [example for example in examples if example.kind not in ("unserved", "given")]
    called, abstained = ([example for example in fit if example.answer.abstains is abstains] for abstains in (False, True))
    return [*_take_evenly(called, count, seed), *_take_evenly(abstained, count, seed)]


def _take_evenly(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Examples of the families in turn, each family's and the families in random order."""
    families: dict[str, list[Example]] = {}
    for example in examples:
        families.setdefault(example.family, []).append(example)
    order = random.Random(f"probe/{seed}").sample(sorted(families), len(families))
    drawn = [random.Random(f"probe/{seed}/{name}").sample(families[name], len(families[name])) for name in order]
    rounds = range(max(map(len, drawn), default=0))
    return [own[number] for number in rounds for own in drawn if number < len(own)][:count]


def find_bases(examples: Sequence[Example], families: Sequence[Family], distractors: Distractors) -> list[Base]:
    """The examples with the tools that may stand beside them by the rules of gentool.pairs.

    Those are never of the query's own family or group, and never a tool that serves the query as `synth` or its judge found.
    """
    by_id = {family.id: family for family in families}
    queries = {query.id: query for family in families for query in family.queries}
    bases = []
    for example in examples:
        if example.family not in by_id or example.query_id not in queries:
            raise RunError(f"the test example {example.id} is of a query that the run no longer holds: remove the folder pairs and build it anew")
        others = distractors.list_all(by_id[example.family], queries[example.query_id].also)
        bases.append(Base(example, tuple(others)))
    return bases
