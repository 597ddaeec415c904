"""Exercise: of what a model writes after TL;DR:, keep the first sentences."""

import random
import re

from course_lib.exercises.comparison import SameText
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def cut_summary(written: str, n: int) -> str:
    """Return the first n finished sentences, or the unfinished one where there is no other."""
    text = " ".join(written.split())
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s|$)", text)]
    return text[: ends[min(n, len(ends)) - 1]] if ends else text


def _every_point(written: str, n: int) -> str:
    text = " ".join(written.split())
    ends = [found.end() for found in re.finditer(r"[.!?]", text)]
    return text[: ends[min(n, len(ends)) - 1]] if ends else text


def _points_only(written: str, n: int) -> str:
    text = " ".join(written.split())
    ends = [found.end() for found in re.finditer(r"\.(?=\s|$)", text)]
    return text[: ends[min(n, len(ends)) - 1]] if ends else text


def _unfinished_too(written: str, n: int) -> str:
    text = " ".join(written.split())
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s|$)", text)]
    return text[: ends[n - 1]] if len(ends) >= n else text


def _nothing_left(written: str, n: int) -> str:
    text = " ".join(written.split())
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s|$)", text)]
    return text[: ends[min(n, len(ends)) - 1]] if ends else ""


def _spaces_kept(written: str, n: int) -> str:
    ends = [found.end() for found in re.finditer(r"[.!?](?=\s|$)", written)]
    return written[: ends[min(n, len(ends)) - 1]] if ends else written


def _end_lost(written: str, n: int) -> str:
    found = cut_summary(written, n)
    return found[:-1] if found[-1:] in {".", "!", "?"} else found


def _first_line(written: str, n: int) -> str:
    return cut_summary(written.strip().split("\n")[0], n)


def _one_more(written: str, n: int) -> str:
    return cut_summary(written, n + 1)


def _case(written: str, n: int, label: str) -> Case:
    return Case({"written": written, "n": n}, label)


_SENTENCES = (
    "Oil fell 3.5% today.",
    "Who pays?",
    "Not us!",
    "The pound rose.",
    "It rained in Rome.",
)


def _random_case(draw: random.Random, n: int) -> Case:
    parts = draw.sample(_SENTENCES, 4)
    joints = [draw.choice((" ", "\n", "  ")) for _ in parts]
    text = "".join(a + b for a, b in zip(parts, joints, strict=True))
    return _case(f" {text}and then the", n, f"four sentences and a rest, n = {n}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(
            " Up 0.5 or 1.5%, says\n Ann. Shares  fall! Who pays? The", 2, "two sentences of three"
        ),
        _case(" Is it over? Not yet! The talks go", 3, "fewer finished sentences than n"),
        _case(f" BP to cut {draw.randint(100, 999)} jobs in", 1, "no finished sentence"),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case("Up 2.5% today.\nIs it\n enough? No! The rest", 2, "a number, and line breaks"),
        _case("\n\nWho stays in\nRome", 2, "a single unfinished sentence"),
        _case("They won. The cup is", 2, "one finished sentence, n = 2"),
        _case("", 1, "nothing"),
        _random_case(draw, draw.choice((1, 2, 3))),
    ]


EXERCISE = Exercise(
    id="prompting.cut_summary",
    title="Cut a summary to its first sentences",
    statement="""
After *TL;DR:* a model writes until its tokens are used up. Make a summary of it as GPT-2's authors
did: keep the first sentences.

- White space of any kind and length becomes **one space**; there is none at the ends.
- A sentence ends at `.`, `!` or `?`, but only where **white space or the end of the text** follows:
  the point in *3.5* ends nothing. (Abbreviations such as *Mr.* may be cut; that is accepted here.)
- Return the first `n` **finished** sentences, all of them if there are fewer. An unfinished rest is
  left out, unless there is no finished sentence at all: then the whole text is returned.
""",
    signature=Signature(
        summary="Return the first n finished sentences, or the unfinished one where there is no "
        "other.",
        parameters=(
            Parameter("written", "str, what the model wrote; may be empty"),
            Parameter("n", "int >= 1"),
        ),
        returns="str",
    ),
    forbidden=("course_lib.evaluation",),
    level="stretch",
    points=4,
    minutes=10,
    example=_case(" Rates rise 0.5%. Shares fall. Banks are", 1, "example"),
    reference=cut_summary,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "`' '.join(written.split())` settles all white space at once.",
        "`re.finditer(r'[.!?](?=\\s|$)', text)` finds the marks that end a sentence; `.end()` of "
        "each is the place right after it.",
        "With the list `ends`: `text[:ends[min(n, len(ends)) - 1]]` if it is not empty, else the "
        "text.",
    ),
    explanation="A model that writes a fixed number of tokens stops in the middle of a sentence, "
    "and what it writes late is seldom about the article. The cut removes both. It also decides "
    "the score: ROUGE counts every word that stands there.",
    mutants=(
        Mutant("every_point", _every_point, "The point inside a number is taken for an end."),
        Mutant("points_only", _points_only, "Sentences end at ! and ? too."),
        Mutant(
            "unfinished_too",
            _unfinished_too,
            "Where there are fewer than n sentences, the unfinished rest is kept; leave it out.",
        ),
        Mutant(
            "nothing_left",
            _nothing_left,
            "Without a finished sentence nothing is left; the whole text is asked for then.",
        ),
        Mutant("spaces_kept", _spaces_kept, "White space must become single spaces."),
        Mutant("end_lost", _end_lost, "The mark that ends the last sentence is cut off."),
        Mutant(
            "first_line", _first_line, "Only the first line is used; a line break ends nothing."
        ),
        Mutant("one_more", _one_more, "This is one sentence more than asked for."),
    ),
    comparator=SameText(),
)
