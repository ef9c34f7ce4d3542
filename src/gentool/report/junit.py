"""The results of a drift as JUnit XML, which every CI knows: one test case a query, and one a threshold.

In: a summary and its records. Out: the file's text, in the form that Jenkins, GitLab and the GitHub reporters read. Called by gentool.drift.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from gentool.core.drift import OUTCOME_WORDS, Check, DriftRecord, DriftSummary, Outcome
from gentool.report.drift_view import BEHIND, CHECK_WORDS, catalogue_sentence, model_sentence

LONGEST_NAME = 160
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, escaped or not."""
UNJUDGED: dict[Outcome, str] = {
    "stayed_wrong": "wrong before and after: the change of the catalogue is no cause",
    "unreadable": "unreadable before and after: the change of the catalogue is no cause",
    "unreadable_before": "the answer before cannot be read, so nothing can be compared",
}
"""Outcomes that are no failure of the change and no success: their test cases are skipped."""


def render_junit(summary: DriftSummary, records: Sequence[DriftRecord]) -> str:
    """The XML text: regressions, and new tools that were not taken up, are failures; an answer that the engine could not give is an error."""
    root = ElementTree.Element("testsuites", {"name": "gentool drift"})
    suite = ElementTree.SubElement(root, "testsuite", {"name": _clean(f"drift {summary.model}")})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("catalogue", catalogue_sentence(summary)), ("model", model_sentence(summary))):
        ElementTree.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for record in records:
        _add_case(suite, record)
    if not records:
        ElementTree.SubElement(suite, "testcase", {"classname": "drift.catalogue", "name": _clean(catalogue_sentence(summary)), "time": "0"})
    thresholds = ElementTree.SubElement(root, "testsuite", {"name": "drift thresholds"})
    for check in summary.checks:
        _add_check(thresholds, check)
    _count(root)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ElementTree.Element, record: DriftRecord) -> None:
    name = f"{_shorten(record.query)} [{record.id}]"
    case = ElementTree.SubElement(suite, "testcase", {"classname": _clean(f"drift.{record.family}"), "name": _clean(name), "time": "0"})
    message = _clean(f"{record.outcome}: {record.reason}")
    if record.regression or record.outcome in BEHIND:
        failure = ElementTree.SubElement(case, "failure", {"type": record.outcome, "message": message})
        failure.text = _clean(f"{OUTCOME_WORDS[record.outcome]}\n\n{_both(record)}")
    elif record.outcome in UNJUDGED:
        ElementTree.SubElement(case, "skipped", {"message": _clean(UNJUDGED[record.outcome])})
    elif record.outcome == "unreadable_after":
        error = ElementTree.SubElement(case, "error", {"type": record.outcome, "message": message})
        error.text = _clean(_both(record))
    ElementTree.SubElement(case, "system-out").text = message


def _add_check(suite: ElementTree.Element, check: Check) -> None:
    name = f"{CHECK_WORDS[check.name]}: {check.limit}"
    case = ElementTree.SubElement(suite, "testcase", {"classname": "drift.thresholds", "name": _clean(name), "time": "0"})
    if check.passed is None:
        ElementTree.SubElement(case, "skipped", {"message": _clean(check.found)})
    elif not check.passed:
        ElementTree.SubElement(case, "failure", {"type": check.name, "message": _clean(check.found)})


def _count(root: ElementTree.Element) -> None:
    """Write the totals that parsers expect on every suite, and on the whole."""
    totals = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error", "skipped": "testcase/skipped"}
    for suite in root.findall("testsuite"):
        for name, path in totals.items():
            suite.set(name, str(len(suite.findall(path))))
        suite.set("time", "0")
    for name, path in totals.items():
        root.set(name, str(len(root.findall(f"testsuite/{path}"))))
    root.set("time", "0")


def _both(record: DriftRecord) -> str:
    """The query with both raw answers."""
    return f"query: {record.query}\n\nbefore:\n{record.before.raw}\n\nafter:\n{record.after.raw}"


def _clean(text: str) -> str:
    """The text without what XML cannot hold."""
    return NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
