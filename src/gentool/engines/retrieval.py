"""Students that do not read prompts: retrieval by TF-IDF or by sentence embeddings, and chance. They bound what a language model has to beat.

They answer the same requests in the same JSON as any student, from the structured inputs `query` and `tools`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.engine import Reply, Request
from gentool.engines.vectors import load_encoder, words_of
from gentool.prompts import Task, render_answer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ScoreTools = Callable[[str, ToolSet], "npt.NDArray[np.float64]"]
"""How near a query is to each tool of a set, in its order."""


def answer_with(task: Task, ranking: Sequence[str]) -> str:
    """The text of a ranking that ends with the default tool, or of a call of its head without arguments."""
    head = Call(name=ranking[0]) if ranking[0] != GENERATE_RESPONSE else ABSTAIN
    return render_answer(task, tuple(ranking), head)


class RandomEngine:
    """Chance: each of the set's tools and the default tool with equal probability, drawn from the seed and the request's id."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        for request in requests:
            names = [*request.inputs["tools"].names, GENERATE_RESPONSE]
            random.Random(f"{self._seed}/{request.id}").shuffle(names)
            ranking = names[: names.index(GENERATE_RESPONSE) + 1]
            yield Reply(request.id, answer_with(request.task, ranking))  # type: ignore[arg-type]


class TfidfEngine:
    """The tool whose text is nearest to the query by TF-IDF, or abstention where none is near enough.

    `fit` learns the vocabulary's weights from the training examples' tools and the threshold that selects best on them.
    """

    name = "tfidf"

    def __init__(self) -> None:
        self.threshold = 0.0
        self._vectorizer: Any = None
        self._vectors: dict[str, Any] = {}
        self._queries: dict[str, Any] = {}

    def fit(self, examples: Sequence[Example]) -> TfidfEngine:
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = {tool.id: tool.text for example in examples for tool in example.tools}
        self._vectorizer = TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit(texts.values())
        self.threshold = fit_abstention(examples, self.score_tools)
        return self

    def score_tools(self, query: str, tools: ToolSet) -> npt.NDArray[np.float64]:
        """The cosine of the query with each tool of the set, in its order."""
        import numpy as np
        from scipy.sparse import vstack

        if not len(tools):
            return np.zeros(0)
        if query not in self._queries:
            self._queries[query] = self._vectorizer.transform([query]).T
        product = vstack([self._vector_of(tool) for tool in tools]) @ self._queries[query]
        return np.asarray(product.todense(), dtype=np.float64).ravel()

    def _vector_of(self, tool: Tool) -> Any:
        if tool.id not in self._vectors:
            self._vectors[tool.id] = self._vectorizer.transform([tool.text])
        return self._vectors[tool.id]

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        yield from (answer_nearest(request, self.score_tools, self.threshold) for request in requests)


class EmbeddingEngine:
    """The tool whose text is nearest in meaning to the query, by a sentence-transformers model, or abstention where none is near enough.

    `fit` learns the threshold alone. Texts are embedded one by one, so that a vector does not depend on what stands beside it.
    """

    name = "embedding"

    def __init__(self, model: str) -> None:
        self.threshold = 0.0
        self._encoder = load_encoder(model)
        self._vectors: dict[str, Any] = {}

    def fit(self, examples: Sequence[Example]) -> EmbeddingEngine:
        self.threshold = fit_abstention(examples, self.score_tools)
        return self

    def score_tools(self, query: str, tools: ToolSet) -> npt.NDArray[np.float64]:
        """The cosine of the query with each tool of the set, in its order."""
        import numpy as np

        return np.asarray(np.stack([self._embed(tool.text) for tool in tools]) @ self._embed(query), dtype=np.float64)

    def _embed(self, text: str) -> Any:
        if text not in self._vectors:
            self._vectors[text] = self._encoder.encode([text], normalize_embeddings=True, show_progress_bar=False)[0]
        return self._vectors[text]

    def reply(self, requests: Sequence[Request]) -> Iterator[Reply]:
        yield from (answer_nearest(request, self.score_tools, self.threshold) for request in requests)


def answer_nearest(request: Request, score: ScoreTools, threshold: float) -> Reply:
    """The tools of the request's set whose scores reach the threshold, best first, and the default tool behind them."""
    tools: ToolSet = request.inputs["tools"]
    scores = score(request.inputs["query"], tools)
    order = sorted(range(len(tools)), key=lambda index: (-scores[index], index))
    near = [tools[index].name for index in order if scores[index] >= threshold]
    return Reply(request.id, answer_with(request.task, [*near, GENERATE_RESPONSE]))  # type: ignore[arg-type]


def fit_abstention(examples: Sequence[Example], score: ScoreTools) -> float:
    """The threshold on the best tool's score below which abstaining selects right most often on the examples."""
    best = []
    for example in examples:
        scores = score(example.query, example.tools)
        top = int(scores.argmax())
        best.append((float(scores[top]), example.tools[top].name == example.answer.name, example.answer.abstains))
    return fit_threshold(best)


def fit_threshold(best: Sequence[tuple[float, bool, bool]]) -> float:
    """The threshold on the best score that selects right most often.

    For each example: its best score, whether that tool is the answer, and whether the answer is to abstain. Below the
    threshold the answer is abstention; ties take the lower threshold.
    """
    ordered = sorted(best)
    right = sum(is_answer for _, is_answer, _ in ordered)
    most, threshold = right, 0.0
    for position, (score, is_answer, abstains) in enumerate(ordered):
        right += int(abstains) - int(is_answer)
        following = ordered[position + 1][0] if position + 1 < len(ordered) else score + 1.0
        if right > most and following > score:
            most, threshold = right, (score + following) / 2
    return threshold
