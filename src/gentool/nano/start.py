"""The base's first weights: circuits that training would find late, or not in the time there is, stand at the start, and training goes on from them.

An LFM2 and its newline's id in, the same model with new weights out. What is built in is how to copy (an induction head, Olsson et al., arXiv
2209.11895), to know which line a word stands in, and to find words of the query among the lines. Called by gentool.nano.base.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

SHARPNESS = 4.8
"""How much larger attention's scores are at the start than the usual scale makes them."""
LOUDNESS = 17.0
"""The logit of a token at the start where the last hidden state is its embedding."""
TAG_WIDTH = 24
RESERVED = 1 + 2 * TAG_WIDTH
"""The first dimensions of the hidden state hold nothing of a token at the start: one is the same for all, others say which line it stands in,
and others in which lines the same word stands."""
COMMON = 0.5
"""The length of what all embeddings have in common, as a part of the length of what they have not."""
TAPS = (0.5, 0.5, 1.0)
"""A short convolution at the start: two tokens back, one back, the token itself."""
PREDECESSOR, BEFORE, COPY, TAG, FIND, COLLECT = 1.6, 1.0, 12.0, 0.6, 2.0, 12.0
"""How strongly the circuits write: the token before, the one before that, and what is copied, tagged, found, collected."""
CONTEXT = 0.5
"""How much the token before counts, beside the present one, where what followed is looked for."""
BEGIN = 0.4
"""How strongly the beginnings of lines are looked for, where nothing is found that the present token preceded."""
NOWHERE = 0.4
"""How strongly a word that stands in no line is drawn to the beginnings of lines, as a part of how strongly a word is drawn to what follows it."""
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
        turns = [torch.linalg.qr(torch.randn(len(self.slow), len(self.slow)))[0] for _ in range(self.heads)]
        self.turned: torch.Tensor = torch.block_diag(*turns)  # type: ignore[no-untyped-call]
        self.name = torch.zeros(TAG_WIDTH, self.width)
        self.name[:, RESERVED:] = torch.linalg.qr(torch.randn(free, free))[0][:TAG_WIDTH]
        free_of_tokens = torch.eye(self.width)[:RESERVED]
        self.common, self.tag, self.found = free_of_tokens[0], free_of_tokens[1 : 1 + TAG_WIDTH], free_of_tokens[1 + TAG_WIDTH :]
        self.usual = COMMON * self.width**0.5 / (1 + COMMON**2) ** 0.5
        model.model.embed_tokens.weight[:, :RESERVED] = 0.0
        model.model.embed_tokens.weight[:, 0] = COMMON * spread * self.width**0.5

    def rows(self, number: int) -> torch.Tensor:
        """The rows of a projection that are a head's slow dimensions."""
        rows: torch.Tensor = self.slow + number * self.head
        return rows


def start_weights(model: Any, spread: float, newline: int | None) -> Circuits:
    """Set all weights but the embeddings, which are given and get one part in common. Without a `newline` no circuits are built in.

    Returns the directions that the circuits use.
    """
    circuits = Circuits(model, spread)
    model.model.embedding_norm.weight.fill_(LOUDNESS / circuits.width)
    for layer in model.model.layers:
        _start_layer(layer, circuits)
    if newline is None:
        return circuits
    first, *_ = (layer.conv for layer in model.model.layers if not layer.is_attention_layer)
    attentions = [layer.self_attn for layer in model.model.layers if layer.is_attention_layer]
    mark = model.model.embed_tokens.weight[newline]
    _know_the_predecessor(first, circuits)
    if len(attentions) > 2:
        _tag_with_the_line(attentions[0], circuits, mark)
        _find_words(attentions[1], circuits, mark)
        _collect_what_was_found(attentions[-1], circuits)
    _copy_what_followed(attentions[-1], circuits, mark)
    return circuits


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
    """Write what the token before is into directions that are not read of a token itself, and turned, what the one before that is."""
    import torch

    number = len(circuits.read)
    values = convolution.in_proj.weight.chunk(3)[2]
    for part, read, taps, strength in (
        (slice(number), circuits.read, (0.0, 1.0, 0.0), PREDECESSOR),
        (slice(number, 2 * number), circuits.turned @ circuits.read, (1.0, 0.0, 0.0), BEFORE),
    ):
        values[part] = read
        convolution.conv.weight[part] = torch.tensor(taps)
        convolution.out_proj.weight[:, part] = strength * circuits.written.T


def _copy_what_followed(attention: Any, circuits: Circuits, newline: torch.Tensor) -> None:
    """All heads but the first look for the place that the present token and the one before it precede, and bring what stands there.

    They look by the dimensions that turn slowly, so that it may stand anywhere. Where there is none, they bring what begins a line.
    """
    import torch

    size, head = len(circuits.slow), circuits.head
    asked = circuits.read + CONTEXT / PREDECESSOR * circuits.turned @ circuits.written
    for number in range(1, circuits.heads):
        part, mine = slice(number * size, (number + 1) * size), slice(number * head, (number + 1) * head)
        begins = (circuits.read[part] @ newline)[:, None] * circuits.common / circuits.usual
        for projection, source in ((attention.q_proj, asked[part] + BEGIN * begins), (attention.k_proj, circuits.written[part])):
            projection.weight[mine] = 0.0
            projection.weight[circuits.rows(number)] = source
    mixing = torch.linalg.qr(torch.randn(circuits.width, circuits.width))[0][head:]
    attention.v_proj.weight[head:] = mixing
    attention.out_proj.weight[:, head:] = COPY * mixing.T


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


def _find_words(attention: Any, circuits: Circuits, newline: torch.Tensor) -> None:
    """Two heads look for what follows the present word elsewhere, and bring the first token of the line where it stands.

    What stands nowhere else is drawn to the beginnings of lines, to all alike.
    """
    size, head = len(circuits.slow), circuits.head
    for number in range(2):
        part, mine = slice(number * size, (number + 1) * size), slice(number * head, (number + 1) * head)
        begins = (circuits.read[part] @ newline)[:, None] * circuits.common / circuits.usual
        for projection, source in ((attention.q_proj, circuits.read[part] + NOWHERE * begins), (attention.k_proj, circuits.written[part])):
            projection.weight[mine] = 0.0
            projection.weight[circuits.rows(number)] = source
        brought = slice(number * head, number * head + TAG_WIDTH)
        attention.v_proj.weight[brought] = circuits.tag
        attention.out_proj.weight[:, brought] = FIND * circuits.found.T


def _collect_what_was_found(attention: Any, circuits: Circuits) -> None:
    """The first head adds up what the last tokens found: the line that most words of a query point at prevails."""
    for projection in (attention.q_proj, attention.k_proj):
        projection.weight[: circuits.head] = 0.0
        projection.weight[QUERY] = circuits.common
    attention.v_proj.weight[:TAG_WIDTH] = circuits.found
    attention.out_proj.weight[:, :TAG_WIDTH] = COLLECT * circuits.name.T
