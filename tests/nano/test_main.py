"""`python -m gentool.nano`: a base from nothing, taken up again, loadable; bad input is one line and status 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from gentool.nano import __main__ as command
from gentool.nano.base import BaseSettings

from .conftest import TINY, Handful


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, source: Handful, tokenizer: Any) -> None:
    """A source of five tools in place of the corpus, a tokenizer that knows some more words, and the size of the tests."""
    monkeypatch.setattr(command, "train_tokenizer", lambda *_: tokenizer)
    monkeypatch.setattr(command, "open_sources", lambda *_: {"handful": source})
    monkeypatch.setattr(command, "open_relations", lambda _: {})
    monkeypatch.setattr(command, "BaseSettings", lambda **_: TINY)


WORDS = ["--hours", "0.0006", "--set", "length=400", "--set", "rows=1", "--set", "shares={handful: 1.0}"]


def test_it_makes_a_base_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main([str(tmp_path), *WORDS])
    first = (tmp_path / "base" / "model.safetensors").read_bytes()
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "base").config.model_type == "lfm2"
    assert AutoTokenizer.from_pretrained(tmp_path / "base").eos_token == "<|end|>"
    assert (tmp_path / "base" / "curve.svg").stat().st_size > 1000
    command.main([str(tmp_path), *WORDS, "--hours", "0.0012"])
    assert (tmp_path / "base" / "model.safetensors").read_bytes() != first
    steps = [line.split('"step": ')[1].split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert int(steps[-1]) > int(steps[0]) > 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("lenght=5", "unknown key 'lenght'; did you mean 'length'?"), ("rows=many", "rows: "), ("rows=[", "rows=[ is no setting")],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str, said: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main([str(tmp_path / "new"), "--set", wrong])
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("gentool.nano: --set")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "new").exists()


def test_ctrl_c_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "build_base", interrupt)
    with pytest.raises(SystemExit) as stopped:
        command.main([str(tmp_path), *WORDS])
    assert stopped.value.code == 130
    assert capsys.readouterr().err.startswith("gentool.nano: stopped")


def test_the_size_is_the_shipped_one() -> None:
    """What `make nano` trains fits the 25 MB that a base may take in the repository, in bf16."""
    settings = BaseSettings()
    width = settings.hidden_size
    layer = 4 * width * width + 3 * width * settings.intermediate_size
    assert 2 * (settings.vocab_size * width + len(settings.layer_types) * layer) < 25e6
