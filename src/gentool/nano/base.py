"""The base before its training: a tokenizer that sees the same word everywhere, and an LFM2 whose words already lie near their like.

Texts and settings in, a Hugging Face folder out, which plain `AutoModelForCausalLM` loads. Called by gentool.nano.pretrain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gentool.core.recipe import Settings
from gentool.engines.chat import PLAIN_TEMPLATE
from gentool.engines.hf import quieten_transformers
from gentool.train.nano import SPECIAL_TOKENS

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

WORD_OR_MARK = r"\d|[^\W\d_]+|_|[^\s\w]+ ?|\s+"
"""A word is the same token behind a space, a quotation mark or an underscore, so that it can be recognised and copied; digits stand alone."""
MEANT = re.compile(r"[a-z]{3,}")
SHARPNESS = 3.0
"""How much larger attention's scores are at the start than the usual scale makes them."""
LOUDNESS = 17.0
"""The logit of a token at the start where the last hidden state is its embedding."""
INDUCTION = 2.0
"""How strongly the first layers copy at the start."""
COMMON = 0.5
"""The length of what all embeddings have in common, as a part of the length of what they have not."""
TAPS = (0.5, 0.5, 1.0)
"""A short convolution at the start: two tokens back, one back, the token itself."""
LAYERS = ("conv", "full_attention", "conv", "full_attention", "full_attention", "full_attention")


class BaseSettings(Settings):
    """The size of the base: Lfm2Config's own names.

    spread: the standard deviation of the embeddings at the start. meaning: the part of their variance that comes from another
    model's vectors of the words, the rest being random; 0 takes none.
    """

    vocab_size: int = 12288
    hidden_size: int = 192
    intermediate_size: int = 512
    layer_types: tuple[str, ...] = LAYERS
    num_attention_heads: int = 3
    max_position_embeddings: int = 4096
    rope_theta: float = 10_000.0
    spread: float = 1.0
    meaning: float = 0.6


def train_tokenizer(texts: Iterable[str], settings: BaseSettings) -> PreTrainedTokenizerBase:
    """A byte-level BPE."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(WORD_OR_MARK), behavior="isolated")
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=settings.vocab_size, special_tokens=list(SPECIAL_TOKENS), initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=inner,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(SPECIAL_TOKENS[2:]),
        model_max_length=settings.max_position_embeddings,
    )
    tokenizer.chat_template = PLAIN_TEMPLATE
    return tokenizer


def build_base(tokenizer: PreTrainedTokenizerBase, settings: BaseSettings, seed: int, encoder: Any = None) -> Any:
    """A model with weights drawn from `seed`; `encoder` (a sentence-transformers model) gives the words' vectors where there is one."""
    import torch
    from transformers import Lfm2Config, Lfm2ForCausalLM

    quieten_transformers()
    torch.manual_seed(seed)
    config = Lfm2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        block_auto_adjust_ff_dim=False,
        num_hidden_layers=len(settings.layer_types),
        layer_types=list(settings.layer_types),
        num_attention_heads=settings.num_attention_heads,
        num_key_value_heads=settings.num_attention_heads,
        max_position_embeddings=settings.max_position_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": settings.rope_theta},
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    model = Lfm2ForCausalLM(config)
    with torch.no_grad():
        weight = model.model.embed_tokens.weight
        weight.normal_(std=settings.spread)
        if encoder is not None and settings.meaning > 0:
            _give_meaning(weight, tokenizer, encoder, settings)
        _start_weights(model, _share_direction(weight, settings), settings)
    return model


def _share_direction(weight: torch.Tensor, settings: BaseSettings) -> torch.Tensor:
    """Give all embeddings one part in common, from which layers without biases can make constants; its direction, of length one."""
    import torch

    common = torch.zeros(settings.hidden_size)
    common[0] = 1.0
    weight[:, 0] = COMMON * settings.spread * settings.hidden_size**0.5
    return common


def _start_weights(model: Any, common: torch.Tensor, settings: BaseSettings) -> None:
    """Sharp attention, quiet outputs, and short convolutions that begin as plain taps: so copying is learnt in a fraction of the tokens."""
    import torch

    width = len(common)
    model.model.embedding_norm.weight.fill_(LOUDNESS / width)
    for layer in model.model.layers:
        layer.feed_forward.w1.weight.normal_(std=width**-0.5)
        layer.feed_forward.w3.weight.normal_(std=width**-0.5)
        layer.feed_forward.w2.weight.zero_()
        if layer.is_attention_layer:
            operator = layer.self_attn
            for matrix in (operator.q_proj, operator.k_proj, operator.v_proj):
                matrix.weight.normal_(std=width**-0.5)
            operator.q_layernorm.weight.fill_(SHARPNESS**0.5)
            operator.k_layernorm.weight.fill_(SHARPNESS**0.5)
        else:
            operator = layer.conv
            open_gate = common * (1 + COMMON**2) ** 0.5 / (COMMON * width**0.5)
            gates, out_gates, values = operator.in_proj.weight.chunk(3)
            for gate in (gates, out_gates):
                gate.normal_(std=0.1 * width**-0.5).add_(open_gate)
            values.normal_(std=width**-0.5)
            operator.conv.weight.copy_(torch.tensor(TAPS).expand(width, 1, 3))
        operator.out_proj.weight.normal_(std=0.2 * width**-0.5)
    _begin_with_copying(model, settings)


def _begin_with_copying(model: Any, settings: BaseSettings) -> None:
    """Let the first convolution and the first attention start as an induction head (Olsson et al., arXiv 2209.11895).

    The convolution writes of each token's predecessor where the token itself is not read; attention looks for the place whose
    predecessor is the present token, by the dimensions that rotate slowly, and brings what stands there. Training goes on from it.
    """
    import torch

    width, heads = settings.hidden_size, settings.num_attention_heads
    head = width // heads
    slow = [*range(head // 4, head // 2), *range(3 * head // 4, head)]
    basis = torch.zeros(width - 1, width)
    basis[:, 1:] = torch.linalg.qr(torch.randn(width - 1, width - 1))[0]
    read, written = basis[: heads * len(slow)], basis[-heads * len(slow) :]
    convolution = next(layer.conv for layer in model.model.layers if not layer.is_attention_layer)
    convolution.in_proj.weight.chunk(3)[2][: len(read)] = read
    convolution.conv.weight[: len(read)] = torch.tensor((0.0, 1.0, 0.0))
    convolution.out_proj.weight[:, : len(read)] = INDUCTION * written.T
    attention = next(layer.self_attn for layer in model.model.layers if layer.is_attention_layer)
    for projection, source in ((attention.q_proj, read), (attention.k_proj, written)):
        projection.weight.zero_()
        for number in range(heads):
            rows = torch.tensor(slow) + number * head
            projection.weight[rows] = source[number * len(slow) : (number + 1) * len(slow)]
    mixing = torch.linalg.qr(torch.randn(width, width))[0]
    attention.v_proj.weight.copy_(mixing)
    attention.out_proj.weight.copy_(INDUCTION * mixing.T)


def _give_meaning(weight: torch.Tensor, tokenizer: PreTrainedTokenizerBase, encoder: Any, settings: BaseSettings) -> None:
    """Mix into the tokens that are words what the encoder says of them, in as many principal components as the base is wide."""
    import torch

    ids, words = words_of(tokenizer)
    kinds = sorted(set(words))
    vectors = torch.tensor(encoder.encode(kinds, batch_size=256, show_progress_bar=False)).float()
    vectors = vectors - vectors.mean(0)
    _, _, directions = torch.linalg.svd(vectors, full_matrices=False)
    reduced = vectors @ directions[: settings.hidden_size].T
    reduced = reduced / reduced.pow(2).mean(1, keepdim=True).sqrt() * settings.spread
    place = {word: number for number, word in enumerate(kinds)}
    meant = reduced[torch.tensor([place[word] for word in words])]
    at = torch.tensor(ids)
    weight[at] = settings.meaning**0.5 * meant + (1 - settings.meaning) ** 0.5 * weight[at]


def words_of(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[str]]:
    """The ids of the tokens that are words or parts of words, and each in small letters."""
    found = sorted((number, token.lower()) for token, number in tokenizer.get_vocab().items() if MEANT.fullmatch(token.lower()))
    return [number for number, _ in found], [word for _, word in found]


def save_base(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, dtype: torch.dtype) -> None:
    """Save both; the weights in `dtype`."""
    import copy

    tokenizer.save_pretrained(folder)
    copy.deepcopy(model).to(dtype).save_pretrained(folder)


def plain_texts(parts: Sequence[Sequence[str]]) -> Iterable[str]:
    """All texts, one after the other."""
    return (text for part in parts for text in part)
