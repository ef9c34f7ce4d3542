"""The base's first weights: circuits that training would find late, or not in the time there is, stand at the start, and training goes on from them.

An LFM2 and its newline's id in, the same model with new weights out. What is built in is how to copy (an induction head, Olsson et al., arXiv
2209.11895), to know which line a word stands in, and to find words of the query among the lines. Called by gentool.nano.base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

SHARPNESS = 3.0
"""How much larger attention's scores are at the start than the usual scale makes them."""
LOUDNESS = 17.0
"""The logit of a token at the start where the last hidden state is its embedding."""
TAG_WIDTH = 32
RESERVED = 1 + TAG_WIDTH
"""The first dimensions of the hidden state hold nothing of a token at the start: one is the same for all, the others say which line it stands in."""
COMMON = 0.5
"""The length of what all embeddings have in common, as a part of the length of what they have not."""
TAPS = (0.5, 0.5, 1.0)
"""A short convolution at the start: two tokens back, one back, the token itself."""
PREDECESSOR, COPY, TAG, FIND, COLLECT = 2.0, 1.5, 3.0, 5.0, 5.0
"""How strongly the circuits write."""
QUERY = slice(13, 20)
"""The pairs by which about the last 30 tokens are seen, a query's length: they turn once in 250 to 2,000 tokens."""
RECENT = slice(8, 16)
"""The pairs of a head's dimensions by which the last line before a token is told from earlier ones: they turn once in 60 to 500 tokens."""


class Circuits:
    """The model's widths, and directions of its hidden state that the circuits agree on."""

    def __init__(self, model: Any, spread: float) -> None:
        import torch

        config = model.config
        self.width, self.heads = config.hidden_size, config.num_attention_heads
        self.head = self.width // self.heads
        free = self.width - RESERVED
        pairs = free // 4 // self.heads
        self.slow: torch.Tensor = torch.tensor([*range(self.head // 2 - pairs, self.head // 2), *range(self.head - pairs, self.head)])
        basis = torch.zeros(free, self.width)
        basis[:, RESERVED:] = torch.linalg.qr(torch.randn(free, free))[0]
        number = self.heads * len(self.slow)
        self.read, self.written = basis[:number], basis[-number:]
        self.name = torch.zeros(TAG_WIDTH, self.width)
        self.name[:, RESERVED:] = torch.linalg.qr(torch.randn(free, free))[0][:TAG_WIDTH]
        self.common, self.tag = torch.eye(self.width)[0], torch.eye(self.width)[1:RESERVED]
        self.usual = COMMON * self.width**0.5 / (1 + COMMON**2) ** 0.5
        model.model.embed_tokens.weight[:, :RESERVED] = 0.0
        model.model.embed_tokens.weight[:, 0] = COMMON * spread * self.width**0.5

    def rows(self, number: int) -> torch.Tensor:
        """The rows of a projection that are a head's slow dimensions."""
        rows: torch.Tensor = self.slow + number * self.head
        return rows


def start_weights(model: Any, spread: float, newline: int | None) -> None:
    """Set all weights but the embeddings, which are given and get one part in common. Without a `newline` no circuits are built in."""
    circuits = Circuits(model, spread)
    model.model.embedding_norm.weight.fill_(LOUDNESS / circuits.width)
    for layer in model.model.layers:
        _start_layer(layer, circuits)
    if newline is None:
        return
    first, *_ = (layer.conv for layer in model.model.layers if not layer.is_attention_layer)
    attentions = [layer.self_attn for layer in model.model.layers if layer.is_attention_layer]
    _know_the_predecessor(first, circuits)
    _copy_what_followed(attentions[0], circuits)
    if len(attentions) > 2:
        _tag_with_the_line(attentions[1], circuits, model.model.embed_tokens.weight[newline])
        _find_words(attentions[2], circuits)
    if len(attentions) > 3:
        _collect_what_was_found(attentions[3], circuits)


def _start_layer(layer: Any, circuits: Circuits) -> None:
    """Sharp attention, quiet outputs, and short convolutions that begin as plain taps, their gates open."""
    import torch

    width = circuits.width
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
        gates, out_gates, values = operator.in_proj.weight.chunk(3)
        for gate in (gates, out_gates):
            gate.normal_(std=0.1 * width**-0.5).add_(circuits.common / circuits.usual)
        values.normal_(std=width**-0.5)
        operator.conv.weight.copy_(torch.tensor(TAPS).expand(width, 1, 3))
    operator.out_proj.weight.normal_(std=0.2 * width**-0.5)


def _know_the_predecessor(convolution: Any, circuits: Circuits) -> None:
    """Write what the token before is into directions that are not read of a token itself."""
    import torch

    number = len(circuits.read)
    convolution.in_proj.weight.chunk(3)[2][:number] = circuits.read
    convolution.conv.weight[:number] = torch.tensor((0.0, 1.0, 0.0))
    convolution.out_proj.weight[:, :number] = PREDECESSOR * circuits.written.T


def _copy_what_followed(attention: Any, circuits: Circuits) -> None:
    """All heads look for the place whose predecessor is the present token, by the dimensions that turn slowly, and bring what stands there."""
    import torch

    size = len(circuits.slow)
    for projection, source in ((attention.q_proj, circuits.read), (attention.k_proj, circuits.written)):
        projection.weight.zero_()
        for number in range(circuits.heads):
            projection.weight[circuits.rows(number)] = source[number * size : (number + 1) * size]
    mixing = torch.linalg.qr(torch.randn(circuits.width, circuits.width))[0]
    attention.v_proj.weight.copy_(mixing)
    attention.out_proj.weight.copy_(COPY * mixing.T)


def _tag_with_the_line(attention: Any, circuits: Circuits, newline: torch.Tensor) -> None:
    """The first head brings to each token the first one of its line: the last whose predecessor is a newline."""
    size, head = len(circuits.slow), circuits.head
    wanted = circuits.read[:size] @ newline
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[:head] = 0.0
        projection.weight[RECENT] = circuits.common * (size / (RECENT.stop - RECENT.start)) ** 0.5 / circuits.usual
    attention.q_proj.weight[circuits.rows(0)] = wanted[:, None] * circuits.common / circuits.usual
    attention.k_proj.weight[circuits.rows(0)] = circuits.written[:size]
    attention.v_proj.weight[:TAG_WIDTH] = circuits.name
    attention.out_proj.weight[:, :TAG_WIDTH] = TAG * circuits.tag.T


def _find_words(attention: Any, circuits: Circuits) -> None:
    """Two heads look for the present word, and for the one before, and bring the first token of the line where it stands."""
    size, head = len(circuits.slow), circuits.head
    for number, asked in ((0, circuits.read), (1, circuits.written)):
        mine = slice(number * head, (number + 1) * head)
        for projection, source in ((attention.q_proj, asked), (attention.k_proj, circuits.read)):
            projection.weight[mine] = 0.0
            projection.weight[circuits.rows(number)] = source[:size]
        brought = slice(number * head, number * head + TAG_WIDTH)
        attention.v_proj.weight[brought] = circuits.tag
        attention.out_proj.weight[:, brought] = FIND * circuits.name.T


def _collect_what_was_found(attention: Any, circuits: Circuits) -> None:
    """The first head adds up what the last tokens found: the line that most words of a query point at prevails."""
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[: circuits.head] = 0.0
        projection.weight[QUERY] = circuits.common
    attention.v_proj.weight[:TAG_WIDTH] = circuits.name
    attention.out_proj.weight[:, :TAG_WIDTH] = COLLECT * circuits.name.T
