"""Any Hugging Face causal language model: loading it, and answering requests with it, batched and greedy.

A name or a folder in, a model and its tokenizer out; requests in, texts out. gentool.train and gentool.evaluate load
every model, nano included, through this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gentool.core.errors import ModelError
from gentool.core.recipe import Settings
from gentool.engines.chat import decode_answer, prepare_tokenizer, render_prompt
from gentool.engines.engine import Reply, Request
from gentool.engines.template_check import check_tools_shown

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class GenerationSettings(Settings):
    """How a model answers.

    max_new_tokens: where an answer is cut off. batch_tokens: prompt tokens in one batch, padding counted; lower it where memory runs out.
    """

    max_new_tokens: int = 256
    batch_tokens: int = 24_576


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's name or folder, ready for chats. Raises ModelError where there is none."""
    from transformers import AutoTokenizer

    check_model(model)
    quieten_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{model}: cannot load its tokenizer ({_first_line(error)})") from None
    return prepare_tokenizer(tokenizer, model, find_ends(model, tokenizer))


def find_ends(model: str, tokenizer: PreTrainedTokenizerBase) -> tuple[str, ...]:
    """The tokens that end a model's answers by its own generation settings; none where it has no such settings."""
    from transformers import GenerationConfig

    try:
        given = GenerationConfig.from_pretrained(model).eos_token_id
    except (OSError, ValueError, TypeError):
        return ()
    ids = given if isinstance(given, list) else [] if given is None else [given]
    return tuple(str(token) for token in tokenizer.convert_ids_to_tokens(ids))


def load_model(model: str, master_weights: bool = False) -> PreTrainedModel:
    """The causal language model of a name or folder: in bfloat16 on a GPU that has it, else in 32 bits.

    With `master_weights` always in 32 bits, as training all weights needs it. Raises ModelError, also where weights are
    missing from the folder and would be drawn at random.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    check_model(model)
    quieten_transformers()
    half = torch.cuda.is_available() and torch.cuda.is_bf16_supported() and not master_weights
    dtype = torch.bfloat16 if half else torch.float32
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=dtype, output_loading_info=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"{model}: cannot load it as a causal language model ({_first_line(error)})") from None
    causal_model, report = loaded
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(f"{model}: {len(missing)} of the model's weights are missing from its files, the first is {missing[0]}")
    return cast("PreTrainedModel", causal_model)


def quieten_transformers() -> None:
    """Keep transformers' own bars and remarks off the terminal: gentool draws its own and raises what is wrong."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def check_model(model: str) -> None:
    """Raise ModelError where a model is a folder, or looks like one, and holds no model; hub names have one slash at most."""
    path = Path(model)
    looks_local = path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1 or path.exists()
    if looks_local and not (path / "config.json").is_file():
        raise ModelError(f"{model}: holds no model (no config.json there)")
    if looks_local and not any(path.glob("tokenizer*")) and not any(path.glob("*.model")):
        raise ModelError(f"{model}: holds a model without a tokenizer: save the tokenizer into the same folder")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class HfEngine:
    """Answers requests with a local model: prompts of like length together, greedy, so that texts do not depend on chance."""

    def __init__(self, model: str, settings: GenerationSettings, name: str | None = None) -> None:
        import torch

        self.name = name or Path(model).name
        self._settings = settings
        self._tokenizer = load_tokenizer(model)
        self._tokenizer.padding_side = "left"
        self._model = load_model(model).to("cuda" if torch.cuda.is_available() else "cpu").eval()  # type: ignore[arg-type]
        self._model.generation_config = _greedy(self._model, self._tokenizer, settings.max_new_tokens)

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """The replies, batch by batch. Raises ModelError where tools are given and the chat template drops them."""
        if any(request.tools for request in requests):
            check_tools_shown(self._tokenizer)
        prompts = [render_prompt(self._tokenizer, request.messages, request.tools) for request in requests]
        lengths = [len(ids) for ids in self._tokenizer(prompts, add_special_tokens=False)["input_ids"]] if prompts else []
        for batch in plan_batches(lengths, self._settings.batch_tokens):
            answers = self._generate([prompts[index] for index in batch])
            for index, ids in zip(batch, answers, strict=True):
                yield Reply(requests[index].id, decode_answer(self._tokenizer, ids, native=bool(requests[index].tools)))

    def _generate(self, prompts: list[str]) -> list[list[int]]:
        """The ids that the model adds to each prompt, padding at the end included."""
        import torch

        inputs = self._tokenizer(prompts, return_tensors="pt", padding=True, add_special_tokens=False).to(self._model.device)
        inputs.pop("token_type_ids", None)
        with torch.inference_mode():
            output = self._model.generate(**inputs)
        return cast("list[list[int]]", output[:, inputs["input_ids"].shape[1] :].tolist())


def _greedy(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_new_tokens: int) -> object:
    """The model's generation settings made greedy, its end tokens kept and the tokenizer's added."""
    from transformers import GenerationConfig

    given = model.generation_config.eos_token_id if model.generation_config is not None else None
    ends = {tokenizer.eos_token_id, *(given if isinstance(given, list) else [given])} - {None}
    return GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=max_new_tokens, do_sample=False, eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id
    )


def plan_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Indices in batches, longest prompts first; a batch's padded size stays within `batch_tokens` unless one prompt alone exceeds it."""
    batches: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: (-lengths[index], index)):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= batch_tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
