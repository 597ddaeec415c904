"""Strong opponents without a neural network: weighted words, and how much two texts share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from course_lib.data import Labeled
from course_lib.finetuning.transformations import TaskKind

_WORD = re.compile(r"[A-Za-z']+")


def majority_label(train: Sequence[Labeled]) -> int:
    """Return the most frequent label.

    >>> majority_label([Labeled(("a",), 1), Labeled(("b",), 1), Labeled(("c",), 0)])
    1
    """
    labels = [item.label for item in train]
    return max(sorted(set(labels)), key=labels.count)


def classical_labels(
    kind: TaskKind, train: Sequence[Labeled], test: Sequence[Labeled]
) -> list[int]:
    """Train a linear model on TF-IDF features and return its labels for the test.

    One text: words and pairs of words, and stretches of 2 to 5 characters. Two texts: which words
    they share and which not, and six numbers about their overlap, such as the cosine of their
    TF-IDF vectors. Choices: the same for the context and each choice; the choice with the highest
    score wins. The strength of the penalty is chosen by five-fold cross-validation.

    Raises:
        ValueError: there is nothing to train on.
    """
    if not train or not test:
        raise ValueError("train and test must each hold at least one example")
    if kind == "classification":
        return _text_labels(train, test)
    pairs, targets = _pairs(kind, train)
    test_pairs, _ = _pairs(kind, test)
    scores = _pair_scores(pairs, targets, test_pairs)
    if kind == "multiple_choice":
        n_choices = len(test[0].texts) - 1
        return [int(row.argmax()) for row in scores.reshape(-1, n_choices)]
    return [int(score > 0) for score in scores]


def overlap_features(pairs: Sequence[tuple[str, str]], vectorizer: Any) -> Float[np.ndarray, "N 6"]:
    """Six numbers about each pair of texts: what a human would count first.

    The cosine of their TF-IDF vectors, shared words as a part of all and of each side, and the
    difference and ratio of their lengths in words.
    """
    first = vectorizer.transform([a for a, _ in pairs])
    second = vectorizer.transform([b for _, b in pairs])
    cosines = np.asarray(first.multiply(second).sum(axis=1)).ravel()
    rows = []
    for (a, b), cosine in zip(pairs, cosines, strict=True):
        left, right = _words(a), _words(b)
        shared = len(left & right)
        sizes = len(a.split()), len(b.split())
        rows.append(
            [
                cosine,
                shared / max(1, len(left | right)),
                shared / max(1, len(left)),
                shared / max(1, len(right)),
                abs(sizes[0] - sizes[1]),
                sizes[1] / sizes[0],
            ]
        )
    return np.array(rows, dtype=np.float64)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _pairs(kind: TaskKind, examples: Sequence[Labeled]) -> tuple[list[tuple[str, str]], list[int]]:
    if kind != "multiple_choice":
        return [(a.texts[0], a.texts[1]) for a in examples], [a.label for a in examples]
    pairs, targets = [], []
    for example in examples:
        for place, choice in enumerate(example.texts[1:]):
            pairs.append((example.texts[0], choice))
            targets.append(int(place == example.label))
    return pairs, targets


def _linear_model() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    grid = {"C": [100.0, 10.0, 1.0, 0.1]}  # the first of equals is taken
    return GridSearchCV(LogisticRegression(max_iter=3000), grid, cv=5)


def _text_labels(train: Sequence[Labeled], test: Sequence[Labeled]) -> list[int]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    model = make_pipeline(features, _linear_model())
    model.fit([item.texts[0] for item in train], [item.label for item in train])
    return [int(label) for label in model.predict([item.texts[0] for item in test])]


def _pair_scores(
    pairs: Sequence[tuple[str, str]], targets: Sequence[int], test: Sequence[tuple[str, str]]
) -> Float[np.ndarray, " N"]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    words = TfidfVectorizer(token_pattern=_WORD.pattern, sublinear_tf=True)
    words.fit([text for pair in pairs for text in pair])
    overlap = FunctionTransformer(overlap_features, kw_args={"vectorizer": words})
    marked = FunctionTransformer(lambda given: [_marked(pair) for pair in given])
    features = make_union(
        make_pipeline(marked, TfidfVectorizer(token_pattern=r"\S+", min_df=2)),
        make_pipeline(overlap, StandardScaler()),
    )
    model = make_pipeline(features, _linear_model()).fit(pairs, targets)
    scores: Float[np.ndarray, " N"] = model.decision_function(test)
    return scores


def _marked(pair: tuple[str, str]) -> str:
    """Words with a mark that tells whether both texts have them, or only one."""
    left, right = _words(pair[0]), _words(pair[1])
    return " ".join(
        [f"both_{word}" for word in sorted(left & right)]
        + [f"first_{word}" for word in sorted(left - right)]
        + [f"second_{word}" for word in sorted(right - left)]
    )
