"""What a stage's settings become: logs and checkpoints that fall together."""

from __future__ import annotations

from typing import Any

import pytest

from gentool.train.arguments import StageSettings, plan_steps


@pytest.mark.parametrize(
    ("steps", "changes", "processes", "between"),
    [
        (100, {}, 1, (10, 20)),
        (200, {}, 2, (10, 20)),
        (100, {"logging_steps": 7}, 1, (7, 21)),
        (100, {"logging_steps": 0.1, "save_steps": 30}, 1, (10, 30)),
        (100, {"save_steps": 4}, 1, (10, 10)),
        (1, {}, 1, (10, 10)),
        (100, {"max_steps": 500}, 1, (10, 100)),
        (101, {"logging_steps": 0.5}, 1, (50, 50)),
        (1, {"logging_steps": 0.01}, 1, (1, 1)),
    ],
)
def test_checkpoints_fall_on_logs(steps: int, changes: dict[str, Any], processes: int, between: tuple[int, int]) -> None:
    logging, saving = plan_steps(steps, StageSettings(**changes), processes)
    assert (logging, saving) == between
    assert saving % logging == 0
