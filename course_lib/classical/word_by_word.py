"""Translation with nothing but a dictionary: what a model of sentences has to beat."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence

LONGEST_WORD = 8
"""Characters of the longest word looked for."""

_OTHER = re.compile(r"[^\u4e00-\u9fff]+")
_PUNCTUATION = str.maketrans("。，、；：？！（）“”", '.,,;:?!()""')


def segment(text: str, words: Container[str], *, longest: int = LONGEST_WORD) -> list[str]:
    """Cut Chinese into words, from the left, always taking the longest word there is.

    Chinese is written without spaces. Runs of other writing stay whole, and a character that no
    word begins with is a word of its own.

    Args:
        text: Chinese, with anything mixed in.
        words: the words to find.
        longest: characters of the longest word to try.

    Raises:
        ValueError: longest is below 1.

    >>> segment("打开文件A1", {"打开", "文件", "文"})
    ['打开', '文件', 'A1']
    """
    if longest < 1:
        raise ValueError(f"longest must be at least 1, got {longest}")
    found = []
    start = 0
    while start < len(text):
        other = _OTHER.match(text, start)
        if other is not None:
            end = other.end()
        else:
            ends = range(min(start + longest, len(text)), start, -1)
            end = next((e for e in ends if text[start:e] in words), start + 1)
        found.append(text[start:end].strip())
        start = end
    return [word for word in found if word]


def translate_word_by_word(
    text: str,
    glosses: Mapping[str, Sequence[str]],
    *,
    frequency: Mapping[str, int] | None = None,
) -> str:
    """Put one English gloss for each Chinese word, in the order of the Chinese.

    What is not Chinese is copied, its punctuation in Western form; words without a gloss are left
    out. The sentence starts with a capital letter.

    Args:
        text: Chinese.
        glosses: English glosses of each word, the best first.
        frequency: how common each English word is; then, of the glosses, the one whose rarest
            word is the most common is taken in place of the first.

    >>> translate_word_by_word("打开文件", {"打开": ["open"], "文件": ["document", "file"]})
    'Open document'
    """
    english = [_gloss(word, glosses, frequency) for word in segment(text, glosses)]
    sentence = " ".join(part for part in english if part)
    sentence = re.sub(r" +([.,;:?!)])", r"\1", sentence)
    return sentence[:1].upper() + sentence[1:]


def _gloss(
    word: str, glosses: Mapping[str, Sequence[str]], frequency: Mapping[str, int] | None
) -> str:
    if _OTHER.match(word):
        return word.translate(_PUNCTUATION).strip()
    choices = glosses.get(word, ())
    if not choices:
        return ""
    if frequency is None:
        return choices[0]
    counts = frequency
    return max(choices, key=lambda gloss: min(counts.get(w, 0) for w in gloss.lower().split()))
