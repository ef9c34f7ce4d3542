"""Students that do not read prompts: TF-IDF retrieval and chance. They bound what a language model has to beat.

They answer the same requests in the same JSON as any student, from the structured inputs `query` and `tools`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gentool.core.call import ABSTAIN, Call
from gentool.core.example import Example
from gentool.core.tool import GENERATE_RESPONSE, Tool, ToolSet
from gentool.engines.engine import Reply, Request
from gentool.engines.vectors import words_of
from gentool.prompts import Task, render_answer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


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
        best = []
        for example in examples:
            scores = self.score_tools(example.query, example.tools)
            top = int(scores.argmax())
            best.append((float(scores[top]), example.tools[top].name == example.answer.name, example.answer.abstains))
        self.threshold = fit_threshold(best)
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
        for request in requests:
            tools: ToolSet = request.inputs["tools"]
            scores = self.score_tools(request.inputs["query"], tools)
            order = sorted(range(len(tools)), key=lambda index: (-scores[index], index))
            near = [tools[index].name for index in order if scores[index] >= self.threshold]
            yield Reply(request.id, answer_with(request.task, [*near, GENERATE_RESPONSE]))  # type: ignore[arg-type]


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
