"""Every task becomes rows of tokens that a language model can read.

A pretrained model knows one kind of input: one contiguous text. These four functions make such
rows of a text, a pair of texts, or a context with choices. Source: Radford et al. 2018, section
3.3 and figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from course_lib.finetuning.special_tokens import SpecialTokens

TaskKind = Literal["classification", "entailment", "similarity", "multiple_choice"]
Ids = Sequence[int]
Rows = list[list[int]]


def classification_rows(text: Ids, special: SpecialTokens) -> Rows:
    """One row: start, text, extract.

    >>> classification_rows([7, 8], SpecialTokens(1, 2, 3))
    [[1, 7, 8, 3]]
    """
    return [[special.start, *text, special.extract]]


def entailment_rows(premise: Ids, hypothesis: Ids, special: SpecialTokens) -> Rows:
    """One row: start, premise, delimiter, hypothesis, extract.

    >>> entailment_rows([7, 8], [9], SpecialTokens(1, 2, 3))
    [[1, 7, 8, 2, 9, 3]]
    """
    return [[special.start, *premise, special.delimiter, *hypothesis, special.extract]]


def similarity_rows(first: Ids, second: Ids, special: SpecialTokens) -> Rows:
    """Two rows, one for each order, since similarity has no direction.

    The two vectors at the extract tokens are added before the linear layer.

    >>> similarity_rows([7, 8], [9], SpecialTokens(1, 2, 3))
    [[1, 7, 8, 2, 9, 3], [1, 9, 2, 7, 8, 3]]
    """
    return entailment_rows(first, second, special) + entailment_rows(second, first, special)


def multiple_choice_rows(context: Ids, choices: Sequence[Ids], special: SpecialTokens) -> Rows:
    """One row for each choice: start, context, delimiter, choice, extract.

    Each row gets one score, and a softmax over the rows makes them probabilities.

    >>> multiple_choice_rows([7], [[8], [9, 9]], SpecialTokens(1, 2, 3))
    [[1, 7, 2, 8, 3], [1, 7, 2, 9, 9, 3]]
    """
    return [row for choice in choices for row in entailment_rows(context, choice, special)]


def rows_of(kind: TaskKind, texts: Sequence[Ids], special: SpecialTokens) -> Rows:
    """Make the rows of one example.

    Args:
        kind: which of the four.
        texts: token ids of the text; of both texts; or of the context and then the choices.
        special: the three new tokens.

    Raises:
        ValueError: the number of texts does not fit the kind, or a text is empty.
    """
    n_texts = len(texts)
    wanted = {"classification": "1 text", "multiple_choice": "a context and at least 2 choices"}
    fits = {"classification": n_texts == 1, "multiple_choice": n_texts >= 3}
    if not fits.get(kind, n_texts == 2):
        raise ValueError(f"{kind} needs {wanted.get(kind, '2 texts')}, got {n_texts} texts")
    if not all(len(text) for text in texts):
        raise ValueError("texts must not be empty; one of them has no token")
    if kind == "classification":
        return classification_rows(texts[0], special)
    if kind == "entailment":
        return entailment_rows(texts[0], texts[1], special)
    if kind == "similarity":
        return similarity_rows(texts[0], texts[1], special)
    return multiple_choice_rows(texts[0], texts[1:], special)
