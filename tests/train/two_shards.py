"""A sharded model (FSDP2, `fully_shard`) on a pass of shared prompts, for test_processes: `torchrun two_shards.py OUT`.

Every process computes the same pass, so the averaged gradients are those of one process; the first one saves them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_models import VOCABULARY, make_model, make_rows
from torch.distributed import destroy_process_group, get_rank, init_process_group
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from gentool.train.packing import pack_rows
from gentool.train.ways import Way, prepared, sum_losses


def main(out: Path) -> None:
    init_process_group("gloo")
    mesh = init_device_mesh("cpu", (2,))
    model = make_model("llama")
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    way = Way("tree", 10 * VOCABULARY)
    with prepared(model, way):
        sum_losses(model, pack_rows(make_rows(), 10**6)[0], way).backward()
    gradients = {name: weights.grad.full_tensor().contiguous() for name, weights in model.named_parameters()}
    if get_rank() == 0:
        save_file(gradients, out)
    destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
