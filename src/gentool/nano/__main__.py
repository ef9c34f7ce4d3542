"""`python -m gentool.nano FOLDER --hours 2`: makes a base, or goes on where it was stopped.

`torchrun --nproc-per-node 2 -m gentool.nano FOLDER` does it in two processes, which on two cores is faster than one with two threads.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gentool.core.errors import GenToolError, RecipeError
from gentool.core.recipe import check_recipe
from gentool.nano.base import BaseSettings, build_base, save_base, train_tokenizer
from gentool.nano.corpus import open_relations, open_sources, read_texts
from gentool.nano.curve import draw_curve
from gentool.nano.pretrain import Pretraining, PretrainSettings
from gentool.nano.rows import RowMaker
from gentool.train.processes import is_main, processes

STOPPED = 130


def main(words: Sequence[str] | None = None) -> None:
    """Build or resume, train, and save; what is wrong with the input is one line and status 2, Ctrl-C one line and 130."""
    try:
        make_base(read_arguments(words))
    except KeyboardInterrupt:
        print("gentool.nano: stopped; the same command goes on from the last saved state", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    except GenToolError as error:
        print(f"gentool.nano: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def make_base(arguments: argparse.Namespace) -> None:
    """The folder gets the tokenizer, the state, the log, and at the end `base/`, a Hugging Face folder in bf16 with the log and its curve."""
    import torch

    folder: Path = arguments.folder
    settings = check_recipe(dict(map(read_setting, arguments.set)), "--set", PretrainSettings)
    size = BaseSettings(meaning=BaseSettings().meaning if arguments.encoder else 0.0)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    folder.mkdir(parents=True, exist_ok=True)
    with first_process_first():
        sources = open_sources(folder, arguments.seed)
        tokenizer = open_tokenizer(folder / "tokenizer", lambda: train_tokenizer(read_texts(sources, arguments.seed), size))
    model = build_base(tokenizer, size, arguments.seed, open_encoder(arguments.encoder))
    maker = RowMaker(tokenizer, sources, settings.length, open_relations(tokenizer))
    training = Pretraining(model, maker, folder, settings, arguments.seed)
    training.resume()
    training.run(3600 * arguments.hours)
    if is_main():
        save_base(model, tokenizer, folder / "base", torch.bfloat16)
        shutil.copy(training.log, folder / "base")
        draw_curve(training.log, folder / "base" / "curve.svg")


def read_arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line; `None` takes that of the process."""
    parser = argparse.ArgumentParser(prog="python -m gentool.nano", description=__doc__)
    parser.add_argument("folder", type=Path, help="where its state, its log and the finished base are kept")
    parser.add_argument("--hours", type=float, default=2.0, help="how long to train, all runs in this folder together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="processor threads of each process; 0 leaves it to PyTorch")
    parser.add_argument("--encoder", help="a sentence-transformers model whose vectors the words start near; without it they start at random")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of gentool.nano.pretrain.PretrainSettings")
    return parser.parse_args(words)


def read_setting(text: str) -> tuple[str, Any]:
    """`key=value`, the value as YAML. Raises RecipeError."""
    import yaml

    key, sign, value = text.partition("=")
    try:
        return key, yaml.safe_load(value) if sign else None
    except yaml.YAMLError:
        raise RecipeError(f"--set: {text} is no setting; write key=value, the value as YAML") from None


def open_encoder(name: str | None) -> Any:
    """The model that gives words their first vectors."""
    from gentool.engines.vectors import load_encoder

    return load_encoder(name) if name else None


def open_tokenizer(folder: Path, make: Any) -> Any:
    """The tokenizer of the folder, or a new one, which is kept there."""
    from transformers import AutoTokenizer

    if not folder.exists():
        unfinished = folder.with_name(f".{folder.name}.part")
        make().save_pretrained(unfinished)
        unfinished.rename(folder)
    return AutoTokenizer.from_pretrained(folder)


@contextmanager
def first_process_first() -> Iterator[None]:
    """Of several processes the first goes through the block before the others, which find done what it did."""
    import torch.distributed as distributed

    together = processes() > 1
    if together:
        distributed.init_process_group("gloo")
    if not is_main():
        distributed.barrier()
    yield
    if together and is_main():
        distributed.barrier()


if __name__ == "__main__":
    main()
