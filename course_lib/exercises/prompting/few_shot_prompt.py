"""Exercise: write a prompt with worked examples, to the last space."""

import random

from course_lib.exercises.comparison import SameText
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_Pairs = list[tuple[str, str]]


def few_shot_prompt(
    instruction: str, examples: list[tuple[str, str]], question: str, template: str
) -> str:
    """Write instruction, worked examples and the open question as one prompt."""
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    blocks.append(template.replace("{text}", question))
    if instruction:
        blocks.insert(0, instruction)
    return "\n\n".join(blocks)


def _open_space(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    return few_shot_prompt(instruction, examples, question, template) + " "


def _no_space(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [template.replace("{text}", text) + answer for text, answer in examples]
    blocks.append(template.replace("{text}", question))
    return "\n\n".join([instruction] * bool(instruction) + blocks)


def _empty_line(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    return "\n\n".join([instruction, *blocks, template.replace("{text}", question)])


def _one_break(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    blocks.append(template.replace("{text}", question))
    return "\n".join([instruction] * bool(instruction) + blocks)


def _examples_together(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    blocks.append(template.replace("{text}", question))
    return "\n\n".join([instruction] * bool(instruction) + ["\n".join(blocks)])


def _bare_question(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    return "\n\n".join([instruction] * bool(instruction) + [*blocks, question])


def _question_first(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    blocks.insert(0, template.replace("{text}", question))
    return "\n\n".join([instruction] * bool(instruction) + blocks)


def _told_each_time(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    if not instruction:
        return few_shot_prompt(instruction, examples, question, template)
    blocks = [f"{template.replace('{text}', text)} {answer}" for text, answer in examples]
    blocks.append(template.replace("{text}", question))
    return "\n\n".join(f"{instruction}\n\n{block}" for block in blocks)


def _no_answers(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    blocks = [template.replace("{text}", text) for text, _ in [*examples, (question, "")]]
    return "\n\n".join([instruction] * bool(instruction) + blocks)


def _backwards(instruction: str, examples: _Pairs, question: str, template: str) -> str:
    return few_shot_prompt(instruction, examples[::-1], question, template)


def _case(instruction: str, examples: _Pairs, question: str, template: str, label: str) -> Case:
    return Case(
        {
            "instruction": instruction,
            "examples": examples,
            "question": question,
            "template": template,
        },
        label,
    )


_WORDS = [("chien", "dog"), ("chat", "cat"), ("eau", "water"), ("livre", "book"), ("roi", "king")]
_FRENCH = "French: {text}\nEnglish:"


def _drawn(draw: random.Random, n: int, instruction: str) -> Case:
    *examples, (question, _) = draw.sample(_WORDS, n + 1)
    return _case(instruction, examples, question, _FRENCH, f"{n} examples")


def _public(seed: int) -> list[Case]:
    return [
        _case("", [], "lune", _FRENCH, "zero-shot, no instruction"),
        _case("Translate.", [("chat", "cat")], "lune", _FRENCH, "one-shot, with an instruction"),
        _drawn(random.Random(seed), 3, ""),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    reviews = [("A {odd} joy.", "positive"), ("Dull: {text}.", "negative")]
    return [
        _case("Translate.", [], "lune", _FRENCH, "an instruction only"),
        _case("", reviews, "Fine {0}.", "{text}\nIt was", "braces in the texts"),
        _drawn(draw, 4, "Translate from French."),
        _drawn(draw, 2, ""),
    ]


EXERCISE = Exercise(
    id="prompting.few_shot_prompt",
    title="A prompt, to the last space",
    statement="""
Write a prompt as one text. It consists of blocks with one empty line between them (`"\\n\\n"`):

1. the instruction, unless it is empty;
2. each worked example in its order: the template with the example's text in place of `{text}`,
   then **one space** and its answer;
3. the template with the question in place of `{text}`. Nothing follows, **no space** either: the
   space belongs to the first token of the answer.

Texts may hold braces of their own; nothing in them is to be replaced.
""",
    signature=Signature(
        summary="Write instruction, worked examples and the open question as one prompt.",
        parameters=(
            Parameter("instruction", "str; may be empty"),
            Parameter("examples", "list of pairs (text, answer); may be empty"),
            Parameter("question", "str"),
            Parameter("template", "str that holds {text} once"),
        ),
        returns="str",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=3,
    minutes=6,
    example=_case("Translate.", [("chat", "cat")], "eau", "{text} =", "example"),
    reference=few_shot_prompt,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Collect the blocks in a list and join them with `'\\n\\n'` at the end.",
        "`template.replace('{text}', text)` puts in a text and touches no brace inside it; "
        "`format` would stumble over a template with other braces.",
        "A worked example is `template.replace('{text}', text) + ' ' + answer`. The instruction "
        "goes in front only `if instruction:`.",
    ),
    explanation="A prompt is nothing but text, so every character counts. In the vocabularies of "
    "GPT-2 and SmolLM2 a word and the space before it are one token. A prompt that ends in a space "
    "has taken that space away: the model must then go on with a token without one, which hardly "
    "ever follows a single space in its training texts.",
    mutants=(
        Mutant(
            "open_space",
            _open_space,
            "The prompt ends in a space; the answer's first token brings its own.",
        ),
        Mutant("no_space", _no_space, "Between the template and an example's answer is no space."),
        Mutant(
            "empty_line",
            _empty_line,
            "Without an instruction the prompt must begin with its first block, not with empty "
            "lines.",
        ),
        Mutant("one_break", _one_break, "Blocks are parted by one line break; two are asked for."),
        Mutant(
            "examples_together",
            _examples_together,
            "The examples and the question are parted by one line break; each is a block of its "
            "own, with an empty line after it.",
        ),
        Mutant(
            "bare_question", _bare_question, "The question stands without the template around it."
        ),
        Mutant(
            "question_first",
            _question_first,
            "The question stands before the examples; it is last.",
        ),
        Mutant(
            "told_each_time",
            _told_each_time,
            "The instruction is repeated before each block; it stands once, at the start.",
        ),
        Mutant("no_answers", _no_answers, "The examples are shown without their answers."),
        Mutant("backwards", _backwards, "The examples stand in reverse order."),
    ),
    comparator=SameText(),
)
