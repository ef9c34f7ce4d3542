"""Any Hugging Face causal language model: loading it, and answering requests with it, batched and greedy.

A name or a folder in, a model and its tokenizer out; requests in, texts out. gentool.train and gentool.evaluate load
every model, nano included, through this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from gentool.core.errors import ModelError
from gentool.core.example import Constraint
from gentool.core.recipe import Settings
from gentool.engines.chat import decode_answer, prepare_tokenizer, render_prompt
from gentool.engines.engine import Reply, Request
from gentool.engines.template_check import check_tools_shown

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from gentool.engines.constrain import Restriction
    from gentool.engines.decode_check import Ways
    from gentool.engines.scoring import Tails


NANO = "nano"
SHIPPED = Path(__file__).parents[1] / "nano" / "weights"
"""The small base that gentool brings, by its name and its folder."""


class GenerationSettings(Settings):
    """How a model answers.

    max_new_tokens: where an answer is cut off. batch_tokens: prompt tokens in one batch, padding and shared tokens counted;
    lower it where memory runs out. sharing: `auto` reads what prompts share once, where the model can do so exactly; `off`
    reads every prompt by itself.
    """

    max_new_tokens: int = 256
    batch_tokens: int = 24_576
    sharing: Literal["auto", "off"] = "auto"


def load_tokenizer(model: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a model's name or folder, ready for chats. Raises ModelError where there is none."""
    from transformers import AutoTokenizer

    check_model(model)
    quieten_transformers()
    try:
        tokenizer = AutoTokenizer.from_pretrained(locate_model(model))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{model}: cannot load its tokenizer ({_first_line(error)})") from None
    return prepare_tokenizer(tokenizer, model, find_ends(locate_model(model), tokenizer))


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
        loaded: Any = AutoModelForCausalLM.from_pretrained(locate_model(model), dtype=dtype, output_loading_info=True)
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
    if model == NANO and not SHIPPED.is_dir():
        raise ModelError(f"{model}: the base that gentool brings is missing from this installation: install it again, or give another model")
    path = Path(locate_model(model))
    looks_local = path.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1 or path.exists()
    if looks_local and not (path / "config.json").is_file():
        raise ModelError(f"{model}: holds no model (no config.json there)")
    if looks_local and not any(path.glob("tokenizer*")) and not any(path.glob("*.model")):
        raise ModelError(f"{model}: holds a model without a tokenizer: save the tokenizer into the same folder")


def locate_model(model: str) -> str:
    """What Transformers loads for a model's name: the folder of the base that gentool brings for `nano`, else the name."""
    return str(SHIPPED) if model == NANO else model


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class HfEngine:
    """Answers requests with a local model: greedy, so that texts do not depend on chance.

    Prompts that begin alike are read once up to where they differ and answered together, where the model can do that exactly
    (gentool.engines.decode_check); texts are those of transformers' generate. Where a request has choices, its reply gives
    the log-probability of each. `notices` says in words what the model cannot do, once it has been tried.
    """

    def __init__(self, model: str, settings: GenerationSettings, name: str | None = None, constrain: Constraint = "none") -> None:
        import torch

        from gentool.engines.constrain import Constrainer

        self.name = name or Path(model).name
        self.notices: tuple[str, ...] = ()
        self._settings = settings
        self._tokenizer = load_tokenizer(model)
        self._model: Any = load_model(model).to("cuda" if torch.cuda.is_available() else "cpu").eval()  # type: ignore[arg-type]
        self._ends = find_end_ids(self._model, self._tokenizer)
        self._model.generation_config = _greedy(self._ends, self._tokenizer)
        self._constrainer = Constrainer(self._tokenizer, constrain, self._ends, settings.max_new_tokens)
        self._ways: Ways | None = None

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        """The replies, batch by batch. Raises ModelError where tools are given and the chat template drops them."""
        from gentool.engines.answering import Asked, answer

        if any(request.tools for request in requests):
            check_tools_shown(self._tokenizer)
        prompts = [render_prompt(self._tokenizer, request.messages, request.tools) for request in requests]
        ids = self._tokenize(prompts) if prompts else []
        tails = [self._cut(prompt, own, request.choices) for prompt, own, request in zip(prompts, ids, requests, strict=True)]
        asked = Asked(ids, tails, [self._constrainer.restrict(request) for request in requests])
        for row, made, scores in answer(self._model, asked, self._choose_ways(ids), self._settings, self._ends):
            yield self._reply(requests[row], made, scores, asked.restrictions[row])

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        return cast("list[list[int]]", self._tokenizer(texts, add_special_tokens=False)["input_ids"])

    def _cut(self, prompt: str, ids: list[int], choices: Mapping[str, str]) -> Tails | None:
        """The choices' tokens behind the prompt, each tokenised together with it."""
        from gentool.engines.scoring import cut_tails

        return cut_tails(ids, self._tokenize([prompt + text for text in choices.values()])) if choices else None

    def _choose_ways(self, prompts: Sequence[list[int]]) -> Ways:
        """What the model can do, tried once on a prompt that is long enough."""
        from gentool.engines.decode_check import LEAST, PLAIN, choose_ways

        longest = max(prompts, key=len, default=[])
        if self._settings.sharing == "off" or (self._ways is None and len(longest) < LEAST):
            return PLAIN
        if self._ways is None:
            self._ways = choose_ways(self._model, longest)
            self.notices = self._ways.refused
        return self._ways

    def _reply(self, request: Request, made: list[int], scores: list[float] | None, restriction: Restriction | None) -> Reply:
        named = dict(zip(request.choices, scores, strict=True)) if scores is not None else None
        if restriction and restriction.fault:
            return Reply(request.id, "", error=restriction.fault, scores=named)
        return Reply(request.id, decode_answer(self._tokenizer, made, native=bool(request.tools)), scores=named)


def find_end_ids(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end an answer: those of the model's generation settings, and the tokenizer's."""
    given = model.generation_config.eos_token_id if model.generation_config is not None else None
    return sorted({tokenizer.eos_token_id, *(given if isinstance(given, list) else [given])} - {None})


def _greedy(ends: list[int], tokenizer: PreTrainedTokenizerBase) -> object:
    """Generation settings without chance, or anything else that the model brings."""
    from transformers import GenerationConfig

    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, eos_token_id=ends, pad_token_id=tokenizer.pad_token_id
    )
