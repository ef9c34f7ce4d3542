"""The words in which a task is asked. Read by gentool.prompts.render; gentool.probe asks in each of the wordings."""

from __future__ import annotations

from typing import Literal, get_args

from gentool.core.tool import GENERATE_RESPONSE

Task = Literal["rank", "select", "joint"]
"""What is asked: a ranking, a call, or both in one answer (the variant without stages)."""
Wording = Literal["standard", "brief", "polite", "elaborate"]
"""How it is asked. All wordings ask for the same answer in the same form."""
WORDINGS: tuple[Wording, ...] = get_args(Wording)

INSTRUCTIONS: dict[Wording, dict[Task, str]] = {
    "standard": {
        "rank": f"Rank the tools that serve the query, best first, ending with {GENERATE_RESPONSE}. Answer with a JSON list of names.",
        "select": 'Call the tool that serves the query best. Answer with JSON: {"name": ..., "arguments": {...}}.',
        "joint": (
            f"Rank the tools that serve the query, best first, ending with {GENERATE_RESPONSE}, and call the first. "
            'Answer with JSON: {"ranking": [...names...], "name": ..., "arguments": {...}}.'
        ),
    },
    "brief": {
        "rank": f"Which tools help here, best first? A JSON list of names, {GENERATE_RESPONSE} last.",
        "select": 'Which tool? JSON only: {"name": ..., "arguments": {...}}.',
        "joint": (
            f"Which tools help, best first ({GENERATE_RESPONSE} last), and the call? "
            'JSON only: {"ranking": [...names...], "name": ..., "arguments": {...}}.'
        ),
    },
    "polite": {
        "rank": (
            "Could you please list the tools that would be of use for this, the best one first "
            f"and {GENERATE_RESPONSE} at the end, as a JSON list of names? Thank you."
        ),
        "select": (
            'Could you please pick the most suitable tool for this and write its call as JSON, like {"name": ..., "arguments": {...}}? Thank you.'
        ),
        "joint": (
            "Could you please list the tools that would be of use for this, the best one first "
            f"and {GENERATE_RESPONSE} at the end, and write the call of the first, "
            'as JSON like {"ranking": [...names...], "name": ..., "arguments": {...}}? Thank you.'
        ),
    },
    "elaborate": {
        "rank": (
            "Read the request below and compare it with the description of each tool above. Order the tools that can fulfil it "
            f"from the most to the least suitable, leave out all others, and put {GENERATE_RESPONSE} behind them. "
            "Reply with nothing but the names as a JSON list."
        ),
        "select": (
            "Read the request below and compare it with the description of each tool above. Decide which one tool fulfils it best "
            "and take the values of its arguments from the request. "
            'Reply with nothing but one JSON object with the keys "name" and "arguments".'
        ),
        "joint": (
            "Read the request below and compare it with the description of each tool above. Order the tools that can fulfil it "
            f"from the most to the least suitable, put {GENERATE_RESPONSE} behind them, and take the values of the first one's arguments "
            'from the request. Reply with nothing but one JSON object with the keys "ranking", "name" and "arguments".'
        ),
    },
}

PARALLEL: dict[Wording, str] = {
    "standard": 'Call all tools that the query needs. Answer with a JSON list of calls: [{"name": ..., "arguments": {...}}, ...].',
    "brief": 'Which calls? A JSON list only: [{"name": ..., "arguments": {...}}, ...].',
    "polite": 'Could you please write all calls that this needs as a JSON list, like [{"name": ..., "arguments": {...}}, ...]? Thank you.',
    "elaborate": (
        "Read the request below and compare it with the description of each tool above. Decide which calls it takes to fulfil it "
        "and take the values of their arguments from the request. "
        'Reply with nothing but a JSON list of objects with the keys "name" and "arguments".'
    ),
}
"""Takes the place of the instruction to `select` where a query may need several calls."""


def instruct(task: Task, wording: Wording, parallel: bool) -> str:
    """The words that ask for a task; `parallel` asks for all calls in place of the one that serves best."""
    return PARALLEL[wording] if parallel and task == "select" else INSTRUCTIONS[wording][task]
