"""`python -m gentool.nano FOLDER --hours 2`: makes the base that `model: nano` starts from, or goes on where it was stopped."""

from __future__ import annotations

import argparse
from pathlib import Path

from gentool.nano.base import BaseSettings, build_base, save_base, train_tokenizer
from gentool.nano.corpus import open_sources, read_texts
from gentool.nano.pretrain import Pretraining, PretrainSettings


def main() -> None:
    """Build or resume, train, and save the base as a Hugging Face folder in bf16."""
    import torch
    from transformers import AutoTokenizer

    arguments = read_arguments()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    sources = open_sources(folder, arguments.seed)
    settings = BaseSettings(meaning=0.6 if arguments.encoder else 0.0)
    if (folder / "tokenizer").exists():
        tokenizer = AutoTokenizer.from_pretrained(folder / "tokenizer")
    else:
        tokenizer = train_tokenizer(read_texts(sources, arguments.seed), settings)
        tokenizer.save_pretrained(folder / "tokenizer")
    model = build_base(tokenizer, settings, arguments.seed, open_encoder(arguments.encoder))
    training = Pretraining(model, tokenizer, sources, folder, PretrainSettings(**dict(map(read_setting, arguments.set))), arguments.seed)
    training.resume()
    training.run(3600 * arguments.hours)
    save_base(model, tokenizer, folder / "base", torch.bfloat16)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gentool.nano", description=__doc__)
    parser.add_argument("folder", type=Path, help="where its state, its log and the finished base are kept")
    parser.add_argument("--hours", type=float, default=2.0, help="how long to train, all runs in this folder together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="processor threads; 0 leaves it to PyTorch")
    parser.add_argument("--encoder", help="a sentence-transformers model whose vectors the words start near; without it they start at random")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of gentool.nano.pretrain.PretrainSettings")
    return parser.parse_args()


def read_setting(text: str) -> tuple[str, object]:
    """`key=value`, the value as YAML."""
    import yaml

    key, _, value = text.partition("=")
    return key, yaml.safe_load(value)


def open_encoder(name: str | None) -> object:
    """The model that gives words their first vectors."""
    from gentool.engines.retrieval import load_encoder

    return load_encoder(name) if name else None


if __name__ == "__main__":
    main()
