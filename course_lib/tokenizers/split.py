r"""GPT-2's first step: cut text into words, so that no token ever spans two of them.

Source: Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*, section 2.2;
the pattern is the one in OpenAI's `encoder.py`. Every character falls into exactly one word, so
the words joined give the text back. Alternatives are tried from first to last at each place:

============================  =====================================================================
``'s|'t|'re|'ve|'m|'ll|'d``   English endings after an apostrophe: ``it's`` → ``it`` ``'s``.
``[space]?\p{L}+``            Letters of any script, with the space before them if there is one;
                              so a word in a sentence is one piece, ``␣word``.
``[space]?\p{N}+``            Digits and other numerals, likewise: letters and digits never mix.
``[space]?[^\s\p{L}\p{N}]+``  Everything else that is visible: punctuation, emoji, combining marks
                              and control characters.
``\s+(?!\S)``                 White space up to, but not including, its last character before a
                              word: that last space goes to the word.
``\s+``                       White space that is left: a newline or tab right before a word.
============================  =====================================================================
"""

from collections.abc import Iterable

import regex

SPLIT_ALTERNATIVES: tuple[str, ...] = (
    r"'(?:[sdmt]|ll|ve|re)",
    r" ?\p{L}+",
    r" ?\p{N}+",
    r" ?[^\s\p{L}\p{N}]+",
    r"\s+(?!\S)",
    r"\s+",
)
"""The alternatives of the table above, in order; the first is written shorter, same meaning."""

GPT2_SPLIT_PATTERN: str = "|".join(SPLIT_ALTERNATIVES)
"""The whole pattern, in the syntax of the `regex` package (`re` has no ``\\p{L}``)."""

LOOKAHEAD: int = 3
"""A word is settled once this many characters after its end are known (``'`` waits for ``'re``)."""

_find_words = regex.compile(GPT2_SPLIT_PATTERN).findall


def split_words(text: str) -> list[str]:
    """Cut text into GPT-2's words; joined, they are the text again.

    >>> split_words("It's  42 degrees.")
    ['It', "'s", ' ', ' 42', ' degrees', '.']
    """
    words: list[str] = _find_words(text)
    return words


def special_pattern(special_tokens: Iterable[str]) -> regex.Pattern[str] | None:
    """Compile a pattern that finds any of the special tokens, the longest first; None for none.

    >>> special_pattern(["<|user|>", "<|end|>"]).split("Hi<|end|>")
    ['Hi', '']
    """
    ordered = sorted(special_tokens, key=len, reverse=True)
    return regex.compile("|".join(map(regex.escape, ordered))) if ordered else None
