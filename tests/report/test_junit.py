"""JUnit XML of a drift, read back by a parser, and by the rules that CI servers hold files to."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from gentool.report.junit import render_junit

from .drift_samples import NASTY, make_equal, make_records, make_summary


@pytest.fixture(scope="module")
def root() -> ElementTree.Element:
    records = make_records()
    return ElementTree.fromstring(render_junit(make_summary(records), records).encode("utf-8"))


def cases_of(root: ElementTree.Element) -> dict[str, ElementTree.Element]:
    return {case.get("name", "").rpartition(" [")[0] or case.get("name", ""): case for case in root.iter("testcase")}


def test_every_query_is_a_case_and_every_threshold_too(root: ElementTree.Element) -> None:
    first, second = root.findall("testsuite")
    assert len(first.findall("testcase")) == 13
    assert [case.get("name") for case in second.findall("testcase")] == ["regressions: at most 0", "adoption: at least 40%"]
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names), "parsers merge cases of one name"


def test_regressions_and_tools_that_are_not_taken_up_fail_with_both_answers(root: ElementTree.Element) -> None:
    failures = {name: case.find("failure") for name, case in cases_of(root).items() if case.find("failure") is not None}
    kinds = {name: failure.get("type") for name, failure in failures.items() if failure is not None}
    assert len(kinds) == 7 + 2
    assert {name: kinds[name] for name in ("Find a room", "Play it", "Mumble", "Do the new thing again", "A better room")} == {
        "Find a room": "pulled_away",
        "Play it": "broken_call",
        "Mumble": "unreadable_after",
        "Do the new thing again": "not_adopted",
        "A better room": "not_switched",
    }
    failure = failures["Find a room"]
    assert failure is not None
    assert failure.get("message") == "pulled_away: hotels before, new_tool after"
    assert '"name": "hotels"' in str(failure.text)
    assert '"name": "new_tool"' in str(failure.text)


def test_what_the_change_did_not_cause_is_skipped_or_an_error(root: ElementTree.Element) -> None:
    cases = cases_of(root)
    assert cases["Neither"].find("skipped") is not None
    assert cases["Mutter"].find("error") is not None
    for passed in ("Rain?", "Send a fax", "Do the new thing", "Who knows"):
        assert [child.tag for child in cases[passed]] == ["system-out"]


def test_the_totals_are_those_of_the_cases(root: ElementTree.Element) -> None:
    for suite in root.findall("testsuite"):
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name, "")) == len(list(suite.iter(tag)))
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["15", "9", "1", "1"]


def test_the_file_keeps_to_what_parsers_demand(root: ElementTree.Element) -> None:
    """The elements and attributes of the JUnit schema that Jenkins publishes, which GitLab and the GitHub reporters read."""
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.keys())
        assert [child.tag for child in suite if child.tag != "testcase"] in ([], ["properties"])
        for case in suite.findall("testcase"):
            assert case.get("classname")
            assert case.get("name")
            assert float(case.get("time", "")) == 0
            tags = [child.tag for child in case]
            assert tags in ([], ["system-out"], ["skipped"], ["failure"]) or (
                tags[1:] == ["system-out"] and tags[0] in ("failure", "error", "skipped")
            )


def test_text_that_xml_cannot_hold_is_cleaned_and_all_else_comes_back(root: ElementTree.Element) -> None:
    case = next(case for name, case in cases_of(root).items() if name.startswith("</script>"))
    failure = case.find("failure")
    assert failure is not None
    assert NASTY.replace("\x00", "\ufffd").replace("\x1b", "\ufffd") in str(failure.text)


def test_equal_catalogues_are_one_case_that_passes() -> None:
    root = ElementTree.fromstring(render_junit(make_equal(), []).encode())
    assert [root.get(name) for name in ("tests", "failures")] == ["2", "0"]
    assert next(root.iter("testcase")).get("name") == "2 tools, the same before and after: nothing changes"


def test_a_threshold_that_was_not_judged_is_skipped() -> None:
    records = [record for record in make_records() if record.outcome == "changed"]
    root = ElementTree.fromstring(render_junit(make_summary(records), records).encode())
    thresholds = root.findall("testsuite")[1]
    assert [child.tag for case in thresholds for child in case] == ["skipped", "failure"]
