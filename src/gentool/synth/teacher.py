"""Who teaches: the engine that a recipe names, how often it is asked again, and what was paid for it so far.

Called by gentool.synth.pipeline and gentool.synth.estimate. The tasks themselves are in weaken, queries, calls, judge and unserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gentool.engines.engine import Engine
from gentool.engines.openai import OpenAISettings
from gentool.synth.rules import RulesTeacher
from gentool.synth.starter import StarterTeacher

if TYPE_CHECKING:
    from gentool.engines.openai import OpenAIEngine
    from gentool.engines.prices import Spending

OPENAI = "openai:"
TEACHERS = "rules, starter or openai:MODEL"


@dataclass(frozen=True)
class Teacher:
    """An engine; `reasks` says how often it is asked again after an answer that cannot be used: 0 for those that read no messages.

    `paid` is the same engine where it costs money.
    """

    engine: Engine
    reasks: int = 0
    paid: OpenAIEngine | None = None

    @property
    def spent(self) -> Spending | None:
        """All that was paid for in the run folder, by earlier starts too; None where nothing costs anything."""
        return self.paid.paid if self.paid else None

    def close(self) -> None:
        """End the connections of an engine that has any."""
        if self.paid:
            self.paid.close()

    def label(self, text: str) -> str:
        """A progress bar's label with what was paid so far."""
        spent = self.spent
        if spent is None:
            return text
        tokens = spent.prompt_tokens + spent.completion_tokens
        return f"{text} ({tokens:,} tokens)" if spent.cost is None else f"{text} (cost {spent.cost:.4f})"


def check_teacher(name: str) -> str:
    """The name of a teacher. Raises ValueError with those that there are."""
    if name in ("rules", "starter") or (name.startswith(OPENAI) and model_of(name)):
        return name
    raise ValueError(f"no teacher is named {name!r}: take {TEACHERS}")


def model_of(name: str) -> str:
    """The model's name in `openai:MODEL`."""
    return name.removeprefix(OPENAI).strip()


def make_teacher(name: str, settings: OpenAISettings, cache: Path, reasks: int) -> Teacher:
    """The teacher of that name; `cache` is the file of replies that are paid for."""
    match name:
        case "starter":
            return Teacher(StarterTeacher())
        case "rules":
            return Teacher(RulesTeacher())
    from gentool.engines.openai import OpenAIEngine

    engine = OpenAIEngine(model_of(name), settings, cache)
    return Teacher(engine, reasks, engine)
