"""The report as text: its numbers are the score files' numbers, its records are data and never markup, equal inputs give equal bytes."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gentool.core.errors import RecordError, RunError
from gentool.core.example import ERROR_CLASSES, SCENARIOS, Example
from gentool.core.jsonl import read_json, read_records, write_json, write_text
from gentool.report.html import write_report

MODELS = ("base", "tuned")
METRICS = ("selection", "selection_lenient", "format", "parameter_names", "parameter_values", "call")


class Page(HTMLParser):
    """Cells with their attributes and text, ids, tags, and the content of the data scripts by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[tuple[dict[str, str], str]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.data: dict[str, str] = {}
        self._script: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.tags.append(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.addresses += [values[key] for key in ("href", "src", "xlink:href", "action") if key in values]
        if "data-table" in values:
            self.cells.append((values, ""))
        self._script = values.get("id") if tag == "script" else None

    def handle_data(self, data: str) -> None:
        if self._script:
            self.data[self._script] = self.data.get(self._script, "") + data
        elif self.cells:
            self.cells[-1] = (self.cells[-1][0], self.cells[-1][1] + data)

    def cell(self, **wanted: str) -> tuple[dict[str, str], str]:
        found = [cell for cell in self.cells if all(cell[0].get(f"data-{key}") == value for key, value in wanted.items())]
        assert len(found) == 1, f"{len(found)} cells are {wanted}"
        return found[0]


def render(*folders: Path) -> str:
    out = folders[0].parent / "report.html"
    assert write_report(folders, out) == out
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(shared_run: Path) -> Page:
    return Page(render(shared_run))


def test_every_score_is_a_cell(shared_run: Path, page: Page) -> None:
    for name in MODELS:
        scenarios = read_json(shared_run / "score" / f"{name}.json")["scenarios"]
        for scenario in (*SCENARIOS, "all"):
            normalised = scenarios[scenario]["parameter_values"]["normalised"]
            for metric, found in [(metric, scenarios[scenario][metric]) for metric in METRICS] + [("parameter_values_normalised", normalised)]:
                attributes, text = page.cell(table="scores", name=name, scenario=scenario, metric=metric)
                assert float(attributes["data-value"]) == found["value"]
                assert int(attributes["data-n"]) == found["n"]
                assert f"{100 * found['value']:.1f} %" in text
                assert f"[{100 * found['low']:.1f}, {100 * found['high']:.1f}] n {found['n']}" in text


def test_pairs_errors_ranking_and_abstention_are_those_of_the_score_files(shared_run: Path, page: Page) -> None:
    for name in MODELS:
        score = read_json(shared_run / "score" / f"{name}.json")
        for sort in ("zero_to_one", "weak_to_strong"):
            found = score["pairs"][sort]
            assert float(page.cell(table="pairs", name=name, scenario=sort)[0]["data-value"]) == found["value"]
            for key, count in found["transitions"].items():
                before, after = key.split("_")
                cell = page.cell(table="outcomes", name=name, scenario=sort, metric=f"{before} before, {after} after")
                assert int(cell[0]["data-value"]) == count
        for error in ERROR_CLASSES:
            assert int(page.cell(table="errors", name=name, metric=error)[0]["data-value"]) == score["errors"][error]
        for code, count in score["reasons"].items():
            shown = [cell for cell, _ in page.cells if (cell["data-table"], cell["data-name"], cell["data-metric"]) == ("reasons", name, code)]
            assert [int(cell["data-value"]) for cell in shown] == ([count] if shown else []) and (shown or not count)
        assert float(page.cell(table="ranking", name=name, metric="mrr")[0]["data-value"]) == score["ranking"]["mrr"]
        assert float(page.cell(table="abstention", name=name, metric="f1")[0]["data-value"]) == score["abstention"]["f1"]
        assert float(page.cell(table="kinds", name=name, scenario="one")[0]["data-value"]) == score["kinds"]["one"]["selection"]["value"]


def test_headline_sets_the_tuned_model_beside_the_others(shared_run: Path) -> None:
    text = render(shared_run)
    values = {name: read_json(shared_run / "score" / f"{name}.json")["scenarios"]["seen_query_unseen_tool"]["selection"]["value"] for name in MODELS}
    sentence = next(line for line in re.findall(r"<li>(Selection: .*?)</li>", text) if "seen query, unseen tool" in line)
    assert f"tuned {100 * values['tuned']:.1f} %" in sentence
    assert f"best of the others is base {100 * values['base']:.1f} %" in sentence
    assert f"Difference {100 * (values['tuned'] - values['base']):+.1f} points" in sentence


def test_models_stand_in_the_order_of_the_recipe(shared_run: Path, page: Page) -> None:
    assert json.loads(page.data["records"])["models"] == ["tuned", "base"]
    assert "Results of the run folder demo. The student model is tiny/student." in render(shared_run)


def test_records_are_data_and_never_markup(shared_run: Path, nasty: str) -> None:
    text = render(shared_run)
    page = Page(text)
    examples = {example.id: example for example in read_records(shared_run / "pairs" / "test.jsonl", Example)}
    data = json.loads(page.data["records"])
    assert page.tags.count("script") == 3
    assert "img" not in page.tags
    assert nasty not in text
    assert {example["id"]: example["query"] for example in data["examples"]} == {key: example.query for key, example in examples.items()}
    assert any(nasty in example["query"] for example in data["examples"])
    assert len(data["records"]) == len(examples) * len(MODELS)
    names = [tool["name"] for tool in data["tools"]]
    assert len(names) == len(set(names)), "every tool is stored once"
    assert all([names[tool] for tool in found["tools"]] == list(examples[found["id"]].tools.names) for found in data["examples"])


def test_page_loads_nothing(shared_run: Path) -> None:
    text = render(shared_run)
    page = Page(text)
    assert "default-src 'none'" in text
    assert all(address.startswith("#") for address in page.addresses), [address for address in page.addresses if not address.startswith("#")]
    assert "@import" not in text
    assert "link" not in page.tags


def test_figures_have_words_and_follow_the_page_colours(shared_run: Path, page: Page) -> None:
    text = render(shared_run)
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == 4
    for drawing in drawings:
        assert re.search(r'role="img" aria-labelledby="\w+-title \w+-words"', drawing)
        assert re.search(r"<title id=[^>]*>[^<]+\?</title><desc id=[^>]*>[^<]{40,}</desc>", drawing)
        assert "currentColor" in drawing
        assert re.search(r"var\(--(series|outcome)-0\)", drawing)
        assert not re.search(r"#[0-9a-f]{6}\b(?<!#000000)", drawing), "a colour that does not follow the page"
    assert len(page.ids) == len(set(page.ids)), "ids are unique on the page"
    assert "right before, wrong after" in drawings[1]


def test_equal_inputs_give_equal_bytes(shared_run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(shared_run, tmp_path / "elsewhere" / shared_run.name)
    first, second = render(shared_run), render(copy)
    assert first == second
    assert "Date" not in re.sub(r"<script.*", "", first, flags=re.DOTALL)
    assert not list(copy.parent.glob(".*.part"))


def test_missing_parts_are_said(run_folder: Path) -> None:
    for part in ("train", "predict", "synth"):
        shutil.rmtree(run_folder / part)
    for file in ("recipe.yaml", "pairs/build.json", "pairs/test.jsonl", "score/base.verdicts.jsonl"):
        (run_folder / file).unlink()
    text = render(run_folder)
    for file in ("recipe.yaml", "pairs/build.json", "pairs/test.jsonl", "base.verdicts.jsonl", "predict/tuned.jsonl", "synth/build.json"):
        assert f"{file} is missing" in text
    assert "It was not trained here" in text
    assert "Training curves: not trained here" in text
    assert Page(text).cell(table="scores", name="base", scenario="all", metric="selection")[0]["data-value"]


def test_stage_that_was_not_trained_is_said(run_folder: Path) -> None:
    shutil.rmtree(run_folder / "train" / "rank")
    assert "stage rank was not trained here" in render(run_folder)


def test_only_the_stages_of_the_recipe_are_missed(run_folder: Path) -> None:
    recipe = run_folder / "recipe.yaml"
    write_text(recipe, recipe.read_text(encoding="utf-8") + "train: {stages: [joint]}\n")
    (run_folder / "train" / "select").rename(run_folder / "train" / "joint")
    text = render(run_folder)
    assert "was not trained here" not in text
    assert "It was trained here in 1 stage (joint)." in text
    assert "Stage joint: both in one answer" in text
    shutil.rmtree(run_folder / "train" / "joint")
    assert "It was not trained here." in render(run_folder)


def test_empty_scenario_has_no_number(run_folder: Path) -> None:
    path = run_folder / "score" / "tuned.json"
    score = read_json(path)
    empty: dict[str, Any] = {"value": None, "low": None, "high": None, "n": 0}
    score["scenarios"]["unseen_query_unseen_tool"] = {"n": 0, "selection": empty, "format": empty}
    write_json(path, score)
    attributes, text = Page(render(run_folder)).cell(table="scores", name="tuned", scenario="unseen_query_unseen_tool", metric="selection")
    assert attributes["data-value"] == ""
    assert "none" in text


def test_run_without_score_is_refused(run_folder: Path) -> None:
    shutil.rmtree(run_folder / "score")
    with pytest.raises(RunError, match=f"gentool score {run_folder}"):
        render(run_folder)
    with pytest.raises(RunError, match="no such run folder"):
        render(run_folder / "nowhere")
    with pytest.raises(RunError, match="is a folder"):
        write_report([run_folder], run_folder)
    with pytest.raises(RunError, match="no run folder given"):
        write_report([], run_folder / "report.html")


def test_broken_files_are_named_with_their_line(run_folder: Path) -> None:
    verdicts = run_folder / "score" / "base.verdicts.jsonl"
    lines = verdicts.read_text(encoding="utf-8").splitlines(keepends=True)
    write_text(verdicts, "".join([lines[0], "{broken\n", *lines[1:]]))
    with pytest.raises(RecordError, match=r"base\.verdicts\.jsonl, line 2: not valid JSON"):
        render(run_folder)
    write_text(verdicts, "".join(lines))
    write_json(run_folder / "score" / "base.json", {"name": "base"})
    with pytest.raises(RecordError, match="is not a score file"):
        render(run_folder)


def test_torn_last_line_is_left_out_and_said(run_folder: Path) -> None:
    metrics = run_folder / "train" / "select" / "metrics.jsonl"
    write_text(metrics, metrics.read_text(encoding="utf-8") + '{"step": 300, "lo')
    assert "select/metrics.jsonl, line 23: the last line is not whole and is left out" in render(run_folder)


def test_verdicts_of_other_examples_are_said(run_folder: Path) -> None:
    test = run_folder / "pairs" / "test.jsonl"
    write_text(test, test.read_text(encoding="utf-8").partition("\n")[2])
    text = render(run_folder)
    assert "1 verdicts of tuned are of examples that are not in pairs/test.jsonl" in text
    assert "1 pairs of tuned have a verdict for one example only" in text


def test_several_runs_stand_side_by_side(make_run: Callable[..., Path], tmp_path: Path) -> None:
    folders = [make_run(tmp_path / "first", 4, 1), make_run(tmp_path / "second", 4, 1, {"tuned": (1.0, 1.0)})]
    page = Page(render(*folders))
    names = {cell["data-name"] for cell, _ in page.cells}
    assert names == {"base", "first/tuned", "second/tuned"}, "a name that is one run's alone needs no run before it"
    assert float(page.cell(table="scores", name="second/tuned", scenario="all", metric="selection")[0]["data-value"]) > 0.9
    data = json.loads(page.data["records"])
    assert len(data["examples"]) == 16, "examples that both runs share are stored once"
    assert len(data["records"]) == 48


@pytest.fixture
def variants(make_run: Callable[..., Path], tmp_path: Path) -> list[Path]:
    """Three runs with names of their own, which trained different stages; the first was asked by chance too."""
    stages = {"full": "[rank, select]", "plain": "[select]", "joint": "[joint]"}
    folders = []
    for number, (name, trained) in enumerate(stages.items()):
        others = {"random": (0.3, 0.3)} if name == "full" else {}
        folder = make_run(tmp_path / f"run{number}", 8, 2, {**others, "trained": (0.9 - number / 10, 0.7 - number / 10)})
        write_text(folder / "recipe.yaml", f"name: variant {name}\ntrain: {{stages: {trained}}}\npredict: {{engines: [trained, random]}}\n")
        folders.append(folder)
    (folders[2] / "train" / "select").rename(folders[2] / "train" / "joint")
    return folders


def test_the_first_table_of_several_runs_has_a_row_for_what_each_trained_and_for_every_other_model(variants: list[Path]) -> None:
    text = render(*variants)
    page = Page(text)
    overview = [cell for cell, _ in page.cells if cell["data-table"] == "overview"]
    assert page.cells[0][0] == overview[0], "it comes first"
    assert list(dict.fromkeys(cell["data-name"] for cell in overview)) == ["variant full", "variant plain", "variant joint", "random"]
    columns = [*((scenario, "selection") for scenario in SCENARIOS), ("all", "call"), ("zero_to_one", "pairs"), ("weak_to_strong", "pairs")]
    assert [(cell["data-scenario"], cell["data-metric"]) for cell in overview[:7]] == columns
    for folder, name in zip(variants, ("variant full", "variant plain", "variant joint"), strict=True):
        score = read_json(folder / "score" / "trained.json")
        found = [score["scenarios"][column]["selection"] for column in SCENARIOS]
        found += [score["scenarios"]["all"]["call"], score["pairs"]["zero_to_one"], score["pairs"]["weak_to_strong"]]
        shown = [cell for cell in overview if cell["data-name"] == name]
        assert [(cell["data-value"], cell["data-low"], cell["data-high"]) for cell in shown] == [
            tuple(str(block[key]) for key in ("value", "low", "high")) for block in found
        ]


def test_several_runs_are_told_of_in_few_words(variants: list[Path]) -> None:
    text = render(*variants)
    assert "3 runs side by side: variant full, variant plain, variant joint." in text
    sentences = re.findall(r"<li>((?:Selection|Pairs): .*?)</li>", text)
    assert len(sentences) == 4, "the first run beside the best of the others"
    assert all(": variant full " in sentence and "the best of the others is" in sentence for sentence in sentences)
    assert [summary for summary in re.findall(r"<details><summary>(.*?)</summary>", text) if summary.startswith("variant")] == [
        "variant full",
        "variant plain",
        "variant joint",
    ]
    assert write_report(variants, variants[0].parent / "titled.html", "Ablations").read_text(encoding="utf-8").count("<h1>Ablations</h1>") == 1


def test_the_curves_of_all_runs_and_stages_are_named(variants: list[Path]) -> None:
    drawing = re.findall(r"<svg.*?</svg>", render(*variants), flags=re.DOTALL)[3]
    for name in ("full", "plain", "joint"):
        assert drawing.count(f">variant {name}: training loss<") == 1
    assert all(f">Stage {stage}:<" in drawing for stage in ("rank", "select", "joint"))


def test_runs_of_one_name_are_called_by_their_folders(make_run: Callable[..., Path], tmp_path: Path) -> None:
    folders = [make_run(tmp_path / name, 4, 1, {"trained": (1.0, 1.0)}) for name in ("first", "second")]
    assert {cell["data-name"] for cell, _ in Page(render(*folders)).cells} == {"first", "second"}


def test_models_that_are_named_by_more_than_their_folder_keep_their_place(make_run: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", 4, 1, {"base": (0.5, 0.5), "base+few_shot": (0.5, 0.5), "trained": (1.0, 1.0)})
    write_text(folder / "recipe.yaml", 'name: a\npredict: {engines: ["few_shot:base", trained, base]}\n')
    assert json.loads(Page(render(folder)).data["records"])["models"] == ["base+few_shot", "trained", "base"]


def test_leak_checks_say_pass_and_fail_in_words(shared_run: Path) -> None:
    text = render(shared_run)
    rows = dict(re.findall(r"<tr><th scope=\"row\">([^<]*)<(?:(?!</tr>).)*<span class=\"badge \w+\">(\w+)</span>", text, flags=re.DOTALL))
    assert rows["tools of unseen families in training"] == "pass"
    assert rows["near-duplicate queries"] == "fail"
    assert "first: q17 is close to q3" in text
