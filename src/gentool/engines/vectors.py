"""Texts as vectors and what is near what: neighbours for distractors, near-duplicates for families and leak checks.

TF-IDF needs nothing but scikit-learn; sentence-transformers embeds where the `embed` extra is installed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gentool.core.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

WORD = re.compile(r"[^\W_]+", re.UNICODE)
ROWS_AT_ONCE = 512


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; underscores, camel case and punctuation separate them."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return [word.lower() for word in WORD.findall(parted)]


def embed_tfidf(texts: Sequence[str]) -> Any:
    """TF-IDF vectors of words: a sparse matrix (texts, vocabulary) with rows of length 1."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(words_of(text) for text in texts):
        raise ModelError("none of the texts holds a word, so they cannot be compared")
    return TfidfVectorizer(analyzer=words_of, sublinear_tf=True).fit_transform(texts)


def load_encoder(model: str) -> Any:
    """A sentence-transformers model by its name or folder. Raises ModelError where it, or the extra that it needs, is not there."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise ModelError("sentence embeddings need the `embed` extra: pip install 'gentool[embed]'") from None
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot load the embedding model {model}: {' '.join(str(error).split())}") from None


def embed_sentences(texts: Sequence[str], model: str) -> Any:
    """Sentence embeddings by a sentence-transformers model (name or folder): an array (texts, dimension), rows of length 1."""
    return load_encoder(model).encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def embed(texts: Sequence[str], how: str) -> Any:
    """Vectors by `tfidf` or by a sentence-transformers model's name; rows of length 1."""
    return embed_tfidf(texts) if how == "tfidf" else embed_sentences(texts, how)


def similarities(rows: Any, columns: Any) -> npt.NDArray[np.float32]:
    """Cosines of unit rows against unit columns: a dense array (rows, columns)."""
    import numpy as np

    product = rows @ columns.T
    return np.asarray(product.todense() if hasattr(product, "todense") else product, dtype=np.float32)


def rank_neighbours(vectors: Any, most: int) -> list[list[int]]:
    """For each row the indices of the `most` other rows nearest to it, nearest first; ties by index."""
    import numpy as np

    count = vectors.shape[0]
    neighbours: list[list[int]] = []
    for start in range(0, count, ROWS_AT_ONCE):
        block = similarities(vectors[start : start + ROWS_AT_ONCE], vectors)
        for offset, row in enumerate(block):
            row[start + offset] = -np.inf
            order = np.argsort(-row, kind="stable")[: min(most, count - 1)]
            neighbours.append(order.tolist())
    return neighbours


def find_similar_pairs(vectors: Any, threshold: float) -> list[tuple[int, int]]:
    """The pairs (i < j) of rows whose cosine is at least `threshold`."""
    import numpy as np

    pairs: list[tuple[int, int]] = []
    for start in range(0, vectors.shape[0], ROWS_AT_ONCE):
        block = similarities(vectors[start : start + ROWS_AT_ONCE], vectors)
        for row, column in np.argwhere(block >= threshold):
            if start + row < column:
                pairs.append((int(start + row), int(column)))
    return pairs


def find_near_duplicates(texts: Sequence[str], threshold: float) -> list[tuple[int, int]]:
    """The pairs (i < j) of texts whose sets of words have a Jaccard index of at least `threshold` (intersection over union)."""
    return _overlapping(texts, texts, threshold, within=True)


def find_overlaps(left: Sequence[str], right: Sequence[str], threshold: float) -> list[tuple[int, int]]:
    """The pairs (index in left, index in right) whose sets of words have a Jaccard index of at least `threshold`."""
    return _overlapping(left, right, threshold, within=False)


def _overlapping(left: Sequence[str], right: Sequence[str], threshold: float, within: bool) -> list[tuple[int, int]]:
    import numpy as np
    from sklearn.feature_extraction.text import CountVectorizer

    if not any(words_of(text) for text in (*left, *right)):
        return []
    counter = CountVectorizer(analyzer=words_of, binary=True, dtype=np.float32).fit([*left, *right])
    rows, columns = counter.transform(left), counter.transform(right)
    row_sizes, column_sizes = np.asarray(rows.sum(axis=1)).ravel(), np.asarray(columns.sum(axis=1)).ravel()
    pairs: list[tuple[int, int]] = []
    for start in range(0, rows.shape[0], ROWS_AT_ONCE):
        shared = similarities(rows[start : start + ROWS_AT_ONCE], columns)
        union = row_sizes[start : start + ROWS_AT_ONCE, None] + column_sizes[None, :] - shared
        for row, column in np.argwhere((shared >= threshold * union) & (shared > 0)):
            if not within or start + row < column:
                pairs.append((int(start + row), int(column)))
    return pairs
