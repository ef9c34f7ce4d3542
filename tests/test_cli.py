"""The command line: wrong inputs end with one line, help is quick, and nothing but gentool speaks."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Contents = Callable[[Path], dict[str, bytes]]
Gentool = Callable[..., Any]
Refused = Callable[..., str]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def catalogue(tiny: Path, tmp_path: Path) -> Path:
    """A catalogue to spoil."""
    return Path(shutil.copy(tiny.parent / "tools.jsonl", tmp_path / "tools.jsonl"))


def replace_line(path: Path, number: int, line: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = line
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def refuse_catalogue(refused: Refused, catalogue: Path, *options: str) -> str:
    """What `run` says to a catalogue; it leaves nothing behind and the catalogue as it was."""
    out, before = catalogue.parent / "run", catalogue.read_bytes() if catalogue.exists() else None
    said = refused("run", "nano", "--set", f"catalogue={catalogue}", "--out", out, *options)
    assert not out.exists()
    assert before is None or catalogue.read_bytes() == before
    return said


def test_a_missing_catalogue(refused: Refused, tmp_path: Path) -> None:
    assert refuse_catalogue(refused, tmp_path / "tools.jsonl") == f"{tmp_path / 'tools.jsonl'}: no such file"


def test_broken_json_in_a_catalogue_is_named_by_its_line(refused: Refused, catalogue: Path) -> None:
    replace_line(catalogue, 7, '{"name": "half_a_tool", "description": ')
    assert refuse_catalogue(refused, catalogue).startswith(f"{catalogue}, line 7: not valid JSON")


def test_a_tool_of_the_reserved_name(refused: Refused, catalogue: Path) -> None:
    replace_line(catalogue, 3, '{"name": "generate_response"}')
    said = refuse_catalogue(refused, catalogue)
    assert said == f"{catalogue}, line 3: 'generate_response' is the reserved name of the default tool; rename this tool"


def test_an_empty_catalogue(refused: Refused, catalogue: Path) -> None:
    catalogue.write_text("\n", encoding="utf-8")
    assert refuse_catalogue(refused, catalogue).startswith(f"{catalogue}: holds no tools")


def test_a_catalogue_that_cannot_fill_the_tool_sets(refused: Refused, catalogue: Path) -> None:
    catalogue.write_text("".join(catalogue.read_text(encoding="utf-8").splitlines(keepends=True)[:3]), encoding="utf-8")
    said = refuse_catalogue(refused, catalogue)
    assert "3 tools are too few for sets of k = 5" in said
    assert "lower pairs.k or add tools" in said


def test_an_unknown_key_of_a_recipe_is_named_with_a_suggestion(refused: Refused, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("pairs:\n  test_querys: 5\n", encoding="utf-8")
    assert refused("run", recipe, "--out", tmp_path / "run") == f"{recipe}: unknown key 'pairs.test_querys'; did you mean 'test_queries'?"
    assert not (tmp_path / "run").exists()


def test_a_model_without_a_tokenizer(refused: Refused, tiny: Path, finished: Path, tmp_path: Path, gentool: Gentool) -> None:
    model, run = tmp_path / "model", tmp_path / "run"
    shutil.copytree(finished / "train" / "nano-scratch", model, ignore=shutil.ignore_patterns("tokenizer*"))
    said = refused("run", tiny, "--set", f"train.model={model}", "--out", run)
    assert said == f"{model}: holds a model without a tokenizer: save the tokenizer into the same folder"
    assert not run.exists(), "it is seen before anything is made"
    for file in (finished / "train" / "nano-scratch").glob("tokenizer*"):
        shutil.copy(file, model)
    assert gentool("run", tiny, "--set", f"train.model={model}", "--out", run).status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'; see `gentool --help`"),
        (["run", "--quickly"], "No such option: --quickly; see `gentool run --help`"),
        (["synth"], "Missing argument 'RUN'; see `gentool synth --help`"),
        (["import", "mcp", "tools.json"], "Missing option '--out'; see `gentool import --help`"),
        (
            ["run", "nosuch"],
            "nosuch: neither a recipe file nor a shipped recipe (ablations, against_sft, claims, demo, joint, lora, masking, nano, native, ",
        ),
        (["run", "nosuch.yaml"], "nosuch.yaml: no such recipe"),
        (["run", "demo", "--set", "pairs.k"], "--set pairs.k: write it as KEY=VALUE, for example --set pairs.k=5"),
        (["run", "demo", "--set", "pairs.k=many"], "pairs.k: Input should be a valid integer"),
        (["run", "demo", "--set", "name=x", "--set", "name.deep=1"], "--set name.deep=1: 'name' is a value, not a table"),
        (
            ["run", "demo", "--set", "predict.engines=[gpt]"],
            "unknown engine 'gpt': use trained, base, tfidf, embedding, random, hf:MODEL or openai:MODEL",
        ),
        (
            ["import", "swagger", "tools.json", "--out", "tools.jsonl"],
            "unknown format 'swagger'; known are openai, mcp, openapi, python, ultratool, gentool",
        ),
        (["lint", "nosuch.jsonl"], "nosuch.jsonl: no such file"),
    ],
)
def test_a_wrong_command_is_refused(arguments: list[str], said: str, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in refused(*arguments)
    assert not list(tmp_path.iterdir())


def test_an_unknown_engine_leaves_the_run_as_it_is(refused: Refused, finished: Path, contents: Contents) -> None:
    before = contents(finished)
    assert "unknown engine 'gpt'" in refused("predict", finished, "--engine", "tfidf", "--engine", "gpt")
    assert "two engines are both named 'small'" in refused("predict", finished, "--engine", "hf:a/small", "--engine", "hf:b/small")
    assert contents(finished) == before


OPENAI_TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}} for name in ("book", "play")]


def test_import_writes_a_catalogue_and_never_over_another_file(tmp_path: Path, gentool: Gentool, refused: Refused) -> None:
    source, out = tmp_path / "tools.json", tmp_path / "tools.jsonl"
    source.write_text(json.dumps(OPENAI_TOOLS), encoding="utf-8")
    outcome = gentool("import", "openai", source, "--out", out)
    assert outcome.status == 0
    assert outcome.out.splitlines()[0] == f"{source}: 2 tool definitions read, 2 tools kept"
    assert outcome.out.splitlines()[-1] == f"catalogue: {out}"
    assert [json.loads(line)["name"] for line in out.read_text(encoding="utf-8").splitlines()] == ["book", "play"]
    out.write_text("mine", encoding="utf-8")
    assert "exists already" in refused("import", "openai", source, "--out", out)
    assert out.read_text(encoding="utf-8") == "mine"
    assert gentool("import", "openai", source, "--out", out, "--force").status == 0
    assert out.read_text(encoding="utf-8") != "mine"


def test_lint_ends_with_1_where_there_are_errors_and_else_with_0(catalogue: Path, gentool: Gentool) -> None:
    outcome = gentool("lint", catalogue)
    assert (outcome.status, outcome.out) == (0, "18 tools: 0 errors, 0 warnings\n")
    replace_line(
        catalogue, 2, '{"name": "has a space", "description": "A tool.", "parameters": {"type": "object", "required": ["x"], "properties": {}}}'
    )
    replace_line(catalogue, 4, '{"name": "generate_response"}')
    outcome = gentool("lint", catalogue)
    assert outcome.status == 1
    assert outcome.out.splitlines()[-1] == "18 tools: 3 errors, 0 warnings"
    assert f"error refused {catalogue}, line 4, tool 'generate_response'" in outcome.out


def test_no_arguments_and_help_print_the_commands(gentool: Gentool) -> None:
    for arguments in ([], ["--help"]):
        outcome = gentool(*arguments)
        assert (outcome.status, outcome.err) == (0, "")
        for command in ("run", "synth", "pairs", "train", "predict", "score", "report", "import", "lint", "ask"):
            line = re.search(rf"^  {command} +(.*)$", outcome.out, re.MULTILINE)
            assert line
            assert line[1].endswith("."), f"the help of {command} is cut off: {line[1]}"


def test_help_is_there_at_once_and_loads_no_heavy_library() -> None:
    program = """
import sys
from gentool.cli import main
sys.argv = ["gentool", "--help"]
main()
heavy = {"torch", "transformers", "sklearn", "numpy", "matplotlib", "jsonschema", "pydantic"} & sys.modules.keys()
print(",".join(sorted(heavy)), file=sys.stderr)
"""
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert loaded.strip() in ("", "pydantic")
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "gentool", "--help"], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds) < 0.5


def test_a_whole_run_without_a_terminal_says_nothing_on_standard_error(
    tiny: Path, finished: Path, tmp_path: Path, start: Start, contents: Contents
) -> None:
    """No bar, no remark of a library; and a process of its own makes the same files."""
    process = start("run", tiny, "--out", tmp_path / "run")
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-1] == f"report: {tmp_path / 'run' / 'report.html'}"
    assert "\x1b" not in out
    assert contents(tmp_path / "run") == contents(finished)


def test_on_a_terminal_a_bar_counts(tiny: Path, tmp_path: Path, start: Start) -> None:
    terminal, end = pty.openpty()
    process = start("synth", tmp_path / "run", "--recipe", tiny, stderr=end)
    os.close(end)
    shown = b""
    while chunk := read_terminal(terminal):
        shown += chunk
    os.close(terminal)
    process.communicate()
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    for counted in ("weak tools", "18/18", "queries", "calls"):
        assert counted in text


def read_terminal(descriptor: int) -> bytes:
    """What the other side wrote; empty once it is closed, which Linux reports as an error."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
