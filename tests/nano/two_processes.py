"""Three steps of the base's training in the processes of a torchrun, for test_pretrain: `torchrun two_processes.py FOLDER`."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import torch
from transformers import AutoTokenizer

from conftest import TINY, Handful
from gentool.nano.base import build_base
from gentool.nano.pretrain import Pretraining, PretrainSettings
from gentool.nano.rows import RowMaker


def main(folder: Path) -> None:
    """Leave a file with the hash of this process's weights, and whether it takes lessons for learnt."""
    torch.distributed.init_process_group("gloo")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    settings = PretrainSettings(length=400, rows=2, shares={"handful": 1.0})
    training = Pretraining(build_base(tokenizer, TINY, 0), RowMaker(tokenizer, {"handful": Handful()}, settings.length), folder, settings, 0)
    training.progress.ready = training.process == 0
    for _ in range(3):
        training._agree()
        training._step(1e9)
    training.save()
    weights = b"".join(weight.detach().numpy().tobytes() for weight in training.model.parameters())
    (folder / f"process{training.process}").write_text(f"{hashlib.sha256(weights).hexdigest()} {training.progress.ready}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
