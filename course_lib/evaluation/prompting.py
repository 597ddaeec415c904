"""A task told to a language model in its text, with or without worked examples, and its answers.

No weight changes: all that a prompt does is to stand before the answer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.config import check_positive
from course_lib.evaluation.text_model import END_OF_TEXT, TextModel
from course_lib.models import GPT2, Transformer, load_course_smollm2

LogProbabilities = list[list[float]]
"""For each candidate, ln p of each of its tokens."""


@dataclass(frozen=True)
class PromptQuestion:
    """A text, what may be answered to it, and which of these is right.

    Attributes:
        text: what is asked about.
        candidates: the possible answers, without a space before them.
        right: number of the right one, from 0.

    >>> PromptQuestion("Great fun.", ("negative", "positive"), 1).answer
    'positive'
    """

    text: str
    candidates: tuple[str, ...]
    right: int

    def __post_init__(self) -> None:
        if not all(candidate.strip() for candidate in self.candidates):
            raise ValueError(f"candidates must not be empty, got {self.candidates!r}")
        if not 0 <= self.right < len(self.candidates):
            raise ValueError(
                f"right must be between 0 and {len(self.candidates) - 1}, got {self.right}"
            )

    @property
    def answer(self) -> str:
        """The right candidate."""
        return self.candidates[self.right]


@dataclass(frozen=True)
class Wording:
    r"""How a question is put into words.

    Attributes:
        ask: holds {text} once, and ends where the answer is to begin, without a space: the space
            belongs to the answer's first token.
        instruction: stands once, before everything else.
        between: stands after each worked example.

    >>> Wording("{text} in English is", "French words.\n\n").prompt("chat")
    'French words.\n\nchat in English is'
    """

    ask: str
    instruction: str = ""
    between: str = "\n\n"

    def __post_init__(self) -> None:
        if self.ask.count("{text}") != 1 or self.ask != self.ask.rstrip(" "):
            raise ValueError(
                f"ask must hold {{text}} once and not end in a space, got {self.ask!r}"
            )

    def prompt(self, text: str, examples: Sequence[PromptQuestion] = ()) -> str:
        """Write the instruction, the examples with their right answers, and the question."""
        shots = "".join(
            f"{self._asked(example.text)} {example.answer}{self.between}" for example in examples
        )
        return f"{self.instruction}{shots}{self._asked(text)}"

    def _asked(self, text: str) -> str:
        return self.ask.replace("{text}", text)


def questions_from_pairs(
    pairs: Sequence[tuple[str, str]], *, n_candidates: int = 4, seed: int = 0
) -> list[PromptQuestion]:
    """Make questions of pairs (text, answer); the wrong candidates are answers of other pairs.

    Raises:
        ValueError: n_candidates is below 1, or there are too few different answers.
    """
    check_positive("n_candidates", n_candidates)
    draw = random.Random(seed)
    right: dict[str, set[str]] = {}
    for text, answer in pairs:
        right.setdefault(text, set()).add(answer)
    answers = list(dict.fromkeys(answer for _, answer in pairs))
    questions = []
    for text, answer in pairs:
        others = [other for other in answers if other not in right[text]]
        if len(others) < n_candidates - 1:
            raise ValueError(
                f"pairs hold {len(others)} wrong answers for {text!r}; n_candidates={n_candidates} "
                f"needs {n_candidates - 1}"
            )
        candidates = [answer, *draw.sample(others, n_candidates - 1)]
        draw.shuffle(candidates)
        questions.append(PromptQuestion(text, tuple(candidates), candidates.index(answer)))
    return questions


@torch.inference_mode()
def answer_log_probabilities(
    model: TextModel,
    prompts: Sequence[str],
    candidates: Sequence[Sequence[str]],
    *,
    joint: str = " ",
) -> list[LogProbabilities]:
    """Return ln p of each token of each candidate, after its prompt and the joint.

    What all prompts begin with, such as the same worked examples, is read once, and each prompt
    once for all its candidates; so it is for models of the course. Others read as
    `TextModel.log_probabilities` does, which gives the same numbers.

    Args:
        model: who answers.
        prompts: each ends where the answer begins.
        candidates: for each prompt.
        joint: what stands between prompt and answer; nothing in a conversation.

    Raises:
        ValueError: there are no prompts, or not as many lists of candidates; a prompt has no
            candidate; or a prompt and its answer are longer than the model's context.
    """
    if not prompts or len(prompts) != len(candidates) or not all(candidates):
        raise ValueError(
            f"give at least one prompt, and candidates for each; got {len(prompts)} prompts and "
            f"{len(candidates)} lists of candidates, {sum(not c for c in candidates)} of them empty"
        )
    rows = [
        _split(model, prompt, [f"{joint}{answer}" for answer in answers])
        for prompt, answers in zip(prompts, candidates, strict=True)
    ]
    needed = max(len(prompt) + max(map(len, answers)) for prompt, answers in rows)
    if needed > model.context_length:
        raise ValueError(
            f"a prompt with its answer has {needed} tokens, {model.name} reads "
            f"{model.context_length}; give fewer or shorter examples"
        )
    network = model.logits
    if not isinstance(network, GPT2 | Transformer):
        return [
            [
                _picked(log_p[:-1], answer)
                for log_p, answer in zip(
                    model.log_probabilities(prompt[1:], answers), answers, strict=True
                )
            ]
            for prompt, answers in rows
        ]
    beginning = _common_start([prompt[:-1] for prompt, _ in rows])
    cache = network.make_cache(1, needed)
    if beginning:
        network.hidden_states(torch.tensor([beginning]), cache=cache)
    found = []
    for prompt, answers in rows:
        cache.truncate(len(beginning))
        hidden = network.hidden_states(torch.tensor([prompt[len(beginning) :]]), cache=cache)
        first = network.unembed(hidden[:, -1:]).expand(len(answers), -1, -1)
        longest = max(map(len, answers))
        if longest > 1:  # the last token of an answer need not be read
            given = torch.zeros(len(answers), longest - 1, dtype=torch.int64)
            for row, answer in zip(given, answers, strict=True):
                row[: len(answer) - 1] = torch.tensor(answer[:-1])
            cache.select(torch.zeros(len(answers), dtype=torch.int64))
            first = torch.cat([first, network(given, cache=cache)], dim=1)
            cache.select(torch.zeros(1, dtype=torch.int64))
        log_p = first.float().log_softmax(-1)
        found.append(
            [
                _picked(row[: len(answer)], answer)
                for row, answer in zip(log_p, answers, strict=True)
            ]
        )
    return found


def _split(
    model: TextModel, prompt: str, answers: Sequence[str]
) -> tuple[list[int], list[list[int]]]:
    """The start token and the tokens of the prompt, and those of each answer."""
    splits = [model.split(prompt, answer) for answer in answers]
    shortest = min((before for before, _ in splits), key=len)
    return [model.start, *shortest], [[*b[len(shortest) :], *rest] for b, rest in splits]


def _common_start(rows: Sequence[Sequence[int]]) -> list[int]:
    shared = 0
    shortest = min(map(len, rows))
    while shared < shortest and len({row[shared] for row in rows}) == 1:
        shared += 1
    return list(rows[0][:shared])


def _picked(log_p: Tensor, answer: Sequence[int]) -> list[float]:
    own: list[float] = log_p[torch.arange(len(answer)), torch.tensor(answer)].tolist()
    return own


def chosen(
    scores: LogProbabilities,
    *,
    per_token: bool = False,
    content_free: LogProbabilities | None = None,
) -> int:
    """Return the number of the candidate with the largest score; of equal ones the first.

    The score is Σ ln p over the candidate's tokens.

    Args:
        scores: of the candidates after the prompt.
        per_token: divide each score by the number of tokens.
        content_free: of the same candidates after the same prompt with an empty question such as
            "N/A". Their score is subtracted: what the wording alone prefers does not count.

    Source: Brown et al. 2020, section 2.4, divide by the length or by p(candidate | "Answer:");
    Zhao et al. 2021 divide by p(candidate | prompt with a content-free text).

    Raises:
        ValueError: there are no candidates, or not the same number of content-free ones.

    >>> chosen([[-1.0], [-2.0]]), chosen([[-1.0], [-2.0]], content_free=[[-0.5], [-4.0]])
    (0, 1)
    """
    if not scores or not all(scores):
        raise ValueError("scores must hold at least one candidate, each with at least one token")
    values = _totals(scores, per_token=per_token)
    if content_free is not None:
        if len(content_free) != len(scores):
            raise ValueError(
                f"content_free has {len(content_free)} candidates, scores have {len(scores)}"
            )
        empty = _totals(content_free, per_token=per_token)
        values = [value - without for value, without in zip(values, empty, strict=True)]
    return max(range(len(values)), key=values.__getitem__)


def _totals(scores: LogProbabilities, *, per_token: bool) -> list[float]:
    return [sum(row) / (len(row) if per_token else 1) for row in scores]


def smollm2_text_model() -> TextModel:
    """Return SmolLM2 as evaluation sees it, on the course's own `Transformer`.

    Prompts are read as they are: a conversation needs `course_lib.models.chat.chat_prompt` around
    it.

    Raises:
        AssetMissingError: the model was not fetched yet.
    """
    network, tokenizer = load_course_smollm2()
    names = tokenizer.convert_ids_to_tokens(list(range(network.config.vocab_size)))
    return TextModel(
        "SmolLM2",
        network,
        lambda text: tokenizer(text, add_special_tokens=False, verbose=False).input_ids,
        [(name or "").replace("Ġ", " ").replace("Ċ", "\n") for name in names],
        1024,
        tokenizer.convert_tokens_to_ids(END_OF_TEXT),
    )
