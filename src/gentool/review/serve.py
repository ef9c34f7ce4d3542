"""Starting the review page: a run folder in, a server on 127.0.0.1 until Ctrl-C; the verdicts stand in the run folder.

Called by the command line (`gentool review`) through gentool.run.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, field_validator

from gentool.core.errors import RunError
from gentool.core.recipe import Settings
from gentool.review.edit import Checks
from gentool.review.queue import queue_items, read_families
from gentool.review.verdicts import VerdictStore
from gentool.review.view import Judged

HOST = "127.0.0.1"
NAME = re.compile(r"[\w.@+-]([\w .@+-]{0,38}[\w.@+-])?")
GRACE = 2
"""Seconds that open requests have to end after Ctrl-C."""


class ReviewSettings(Settings):
    """How a review is started.

    reviewer: whose verdicts these are; each name has its own. sample: so many queries, drawn evenly from the families; null takes all.
    port: the port on 127.0.0.1; 0 takes a free one.
    """

    reviewer: str = "reviewer"
    sample: int | None = Field(default=None, ge=1)
    port: int = Field(default=0, ge=0, le=65535)

    @field_validator("reviewer")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("a reviewer's name has 1 to 40 letters, digits, spaces and . @ + - _")
        return name


def serve_review(
    run: Path, settings: ReviewSettings, seed: int, near_duplicate: float, checks: Checks, judged: Judged, say: Callable[[str], None]
) -> None:
    """Serve the page until Ctrl-C; `say` gets the lines for the terminal.

    `checks` are those that a record of synth had to pass, `judged` is what a judge read. The text of an edit must stay below the
    Jaccard index `near_duplicate` to that of every other query.

    Raises RunError where synth is not done, the `review` extra is not installed, or the port cannot be had.
    """
    try:
        import python_multipart  # noqa: F401
        import uvicorn

        from gentool.review.app import Desk, make_application
    except ImportError as error:
        raise RunError(f"the review page needs the `review` extra ({error}): pip install 'gentool[review]'") from None
    families = read_families(run)
    items = queue_items(families, settings.sample, seed)
    with listen(settings.port) as listening:
        port = listening.getsockname()[1]
        desk = Desk(run, settings.reviewer, items, families, checks, judged, near_duplicate, VerdictStore(run))
        done = len(desk.by_reviewer().get(settings.reviewer, {}))
        say(f"review:  {len(items)} queries, {done} reviewed by {settings.reviewer}; Ctrl-C ends, verdicts stand in {run / 'review'}")
        say(f"open:    http://{HOST}:{port}/?token={desk.keys.token}")
        config = uvicorn.Config(
            make_application(desk, port), log_level="error", access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=GRACE
        )
        uvicorn.Server(config).run([listening])


def listen(port: int) -> socket.socket:
    """A socket that listens on that port of this machine alone."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        match error.errno:
            case errno.EADDRINUSE:
                raise RunError(f"port {port} is in use: choose another with --port, or leave --port out for a free one") from None
            case errno.EACCES:
                raise RunError(f"port {port} needs more rights than you have: choose one above 1023 with --port") from None
        raise
    return listening
