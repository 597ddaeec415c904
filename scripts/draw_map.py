"""Draw book/_static/map.svg, the map of the book; chapters in _toc.yml are filled in.

python scripts/draw_map.py [--check]
"""

import argparse
import sys
from html import escape
from pathlib import Path

import yaml
from check_notebooks import pages
from run_notebook import ROOT

TARGET = ROOT / "book" / "_static" / "map.svg"
# part, what it gives the reader, its chapters as (page, short title)
PARTS: list[tuple[str, str, list[tuple[str, str]]]] = [
    ("I", "Before Transformers", [
        ("language-models/what-is-an-llm", "What is an LLM"),
        ("language-models/n-grams", "n-grams"),
        ("language-models/representing-text", "Representing text"),
        ("language-models/recurrent-models", "Recurrent models"),
        ("language-models/tokenization", "Tokenization"),
    ]),
    ("II", "Inside the Transformer", [
        ("transformer/attention", "Attention"),
        ("transformer/multi-head-attention", "Many heads"),
        ("transformer/positions", "Positions"),
        ("transformer/transformer-block", "The block"),
        ("transformer/encoder-decoder", "Encoder–decoder"),
        ("transformer/one-mask-five-models", "Five kinds of mask"),
    ]),
    ("III", "GPT-1 and GPT-2", [
        ("gpt/gpt1", "GPT-1"),
        ("gpt/gpt1-finetuning", "Fine-tuning GPT-1"),
        ("gpt/gpt2", "GPT-2"),
        ("gpt/pretraining-course-gpt", "Pretraining our GPT"),
        ("gpt/decoding", "Decoding"),
        ("gpt/build-gpt2", "Build GPT-2"),
        ("gpt/prompting", "Prompting"),
        ("gpt/evaluation", "Evaluation"),
        ("gpt/beyond-gpt2", "Beyond GPT-2"),
    ]),
    ("IV", "Pretraining", [
        ("pretraining/data-pipeline", "Data pipeline"),
        ("pretraining/training-loop", "Training loop"),
        ("pretraining/bert", "BERT"),
        ("pretraining/scaling-up", "Scaling up"),
    ]),
    ("V", "Fine-tuning", [
        ("finetuning/classifier", "A classifier"),
        ("finetuning/strategies", "Strategies"),
        ("finetuning/peft", "LoRA and kin"),
        ("finetuning/augmentation", "Augmentation"),
        ("finetuning/instruction-tuning", "Instructions"),
        ("finetuning/preferences", "Preferences"),
    ]),
    ("VI", "Applications", [
        ("applications/pipelines", "Pipelines"),
        ("applications/classification", "Classification"),
        ("applications/token-classification", "Entities"),
        ("applications/question-answering", "Questions"),
        ("applications/summarization", "Summaries"),
        ("applications/translation", "Translation"),
        ("applications/generation-and-dialogue", "Dialogue"),
        ("applications/image-text", "Images and text"),
    ]),
    ("VII", "Limits", [
        ("limits/what-models-get-wrong", "What goes wrong"),
        ("limits/safety-and-privacy", "Safety, privacy"),
        ("limits/outlook", "Outlook"),
    ]),
]  # fmt: skip
WIDTH, ROW, TOP, LEFT = 960, 84, 58, 210
STYLE = """
  :root { --ink: #24282b; --soft: #5a6268; --line: #8a9498; --teal: #12606a; --on: #ffffff }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e6efee; --soft: #a3abaf; --line: #626d72; --teal: #76c7cf; --on: #10282b }
  }
  text { font: 500 15px Inter, "Helvetica Neue", Arial, sans-serif; fill: var(--ink) }
  .title { font-weight: 700 } .number { font-weight: 700; fill: var(--on) }
  .small { font-size: 13px; fill: var(--soft) } .ready-text { font-weight: 600; fill: var(--on) }
  .box { fill: none; stroke: var(--line); stroke-dasharray: 3 4 }
  .ready { fill: var(--teal) } .line { stroke: var(--teal); stroke-width: 3; fill: none }
"""


def draw(finished: set[str]) -> str:
    """Return the whole picture as SVG."""
    height = TOP + ROW * len(PARTS) + 16
    total = sum(len(chapters) for _, _, chapters in PARTS)
    done = sum(page in finished for _, _, chapters in PARTS for page, _ in chapters)
    summary = f"The seven parts of the book; {done} of {total} chapters can be read now."
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="map-title">',
        f'<title id="map-title">{summary}</title>',
        f"<style>{STYLE}</style>",
        '<text class="title" x="26" y="36">From bytes to an assistant</text>',
        *_legend(),
        f'<path class="line" d="M42 {TOP + ROW / 2} V{TOP + ROW * (len(PARTS) - 0.5)}"/>',
    ]
    for row, (number, title, chapters) in enumerate(PARTS):
        lines += _part(TOP + ROW * row, number, title, chapters, finished)
    return "\n".join([*lines, "</svg>", ""])


def _legend() -> list[str]:
    return [
        '<rect class="ready" x="650" y="24" width="16" height="16" rx="4"/>',
        '<text class="small" x="674" y="36">ready to read and run</text>',
        '<rect class="box" x="820" y="24" width="16" height="16" rx="4"/>',
        '<text class="small" x="844" y="36">to come</text>',
    ]


def _part(
    top: int, number: str, title: str, chapters: list[tuple[str, str]], finished: set[str]
) -> list[str]:
    middle = top + ROW / 2
    lines = [
        f'<circle class="ready" cx="42" cy="{middle}" r="17"/>',
        f'<text class="number" x="42" y="{middle + 5}" text-anchor="middle">{number}</text>',
        f'<text class="title" x="70" y="{middle + 5}">{_wrap(title, middle)}</text>',
    ]
    columns = min(len(chapters), 5 if len(chapters) > 8 else 4)
    rows = -(-len(chapters) // columns)
    columns = -(-len(chapters) // rows)
    width = (WIDTH - LEFT - 24) / columns
    height = (ROW - 14) / rows
    for index, (page, name) in enumerate(chapters):
        x = LEFT + width * (index % columns)
        y = top + 7 + height * (index // columns)
        ready = page in finished
        box, text = ("ready", "ready-text") if ready else ("box", "")
        lines += [
            f'<rect class="{box}" x="{x:.1f}" y="{y + 3:.1f}" width="{width - 8:.1f}" '
            f'height="{height - 6:.1f}" rx="6"/>',
            f'<text class="small {text}" x="{x + width / 2 - 4:.1f}" y="{y + height / 2 + 4:.1f}" '
            f'text-anchor="middle">{escape(name)}</text>',
        ]
    return lines


def _wrap(title: str, middle: float) -> str:
    if len(title) <= 15:
        return escape(title)
    first, _, second = title.rpartition(" ")
    return (
        f'<tspan x="70" y="{middle - 4}">{escape(first)}</tspan>'
        f'<tspan x="70" y="{middle + 14}">{escape(second)}</tspan>'
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is current")
    check = parser.parse_args().check
    table = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    text = draw({page.removeprefix("book/") for page in pages(table)})
    if check:
        if not TARGET.is_file() or TARGET.read_text("utf-8") != text:
            print("The map is older than _toc.yml: run python scripts/draw_map.py", file=sys.stderr)
            return 1
        return 0
    Path(TARGET).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
