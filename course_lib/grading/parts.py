"""Where each chapter of exercises stands in the book: its part, its title, its page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The part of the book, the chapter's title, and its notebook."""

    part: str
    title: str
    page: str = ""


_START = "Start here"
_BEFORE = "I · Language models before Transformers"
_INSIDE = "II · Inside the Transformer"
_GPT = "III · GPT-1 and GPT-2"
_FURTHER = "Further chapters"

# One line for each module of course_lib/exercises; parts as in _toc.yml.
PLACES = {
    "first_steps": Place(_START, "First steps", "book/start/first-steps.ipynb"),
    "what_is_an_llm": Place(
        _BEFORE, "What is an LLM?", "book/language-models/what-is-an-llm.ipynb"
    ),
    "n_grams": Place(_BEFORE, "N-grams", "book/language-models/n-grams.ipynb"),
    "representing_text": Place(
        _BEFORE, "Representing text", "book/language-models/representing-text.ipynb"
    ),
    "recurrent": Place(_BEFORE, "Recurrent models", "book/language-models/recurrent-models.ipynb"),
    "tokenization": Place(_BEFORE, "Tokenization", "book/language-models/tokenization.ipynb"),
    "attention": Place(_INSIDE, "Attention", "book/transformer/attention.ipynb"),
    "multi_head": Place(
        _INSIDE, "Multi-head attention", "book/transformer/multi-head-attention.ipynb"
    ),
    "positions": Place(_INSIDE, "Positions", "book/transformer/positions.ipynb"),
    "block": Place(_INSIDE, "The Transformer block", "book/transformer/transformer-block.ipynb"),
    "encoder_decoder": Place(
        _INSIDE, "The encoder–decoder", "book/transformer/encoder-decoder.ipynb"
    ),
    "masks": Place(_INSIDE, "One mask, five models", "book/transformer/one-mask-five-models.ipynb"),
    "gpt1": Place(_GPT, "GPT-1: the recipe", "book/gpt/gpt1.ipynb"),
    "gpt1_finetuning": Place(_GPT, "Fine-tuning GPT-1", "book/gpt/gpt1-finetuning.ipynb"),
    "gpt2": Place(_GPT, "GPT-2, whole", "book/gpt/gpt2.ipynb"),
    "pretraining": Place(
        _GPT, "Pretraining the course's own GPT", "book/gpt/pretraining-course-gpt.ipynb"
    ),
    "decoding": Place(_GPT, "Decoding", "book/gpt/decoding.ipynb"),
    "build_gpt2": Place(_GPT, "Build GPT-2 yourself", "book/gpt/build-gpt2.ipynb"),
    "prompting": Place(_GPT, "Prompting", "book/gpt/prompting.ipynb"),
    "evaluation": Place(_GPT, "Evaluation", "book/gpt/evaluation.ipynb"),
    "beyond_gpt2": Place(_GPT, "Beyond GPT-2", "book/gpt/beyond-gpt2.ipynb"),
}


def place_of(chapter: str) -> Place:
    """Return where a chapter stands; one that is not listed gets a title from its name.

    >>> place_of("long_context").title
    'Long context'
    """
    title = chapter.replace("_", " ").capitalize()
    return PLACES.get(chapter, Place(_FURTHER, title))
