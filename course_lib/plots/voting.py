"""A blind vote between two texts: buttons for readers, a page where nobody can press them."""

from __future__ import annotations

import html
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from course_lib.plots.widgets import is_live

Side = Literal["left", "right", "tie"]
_LABELS: dict[Side, str] = {"left": "A is better", "tie": "no difference", "right": "B is better"}


@dataclass(frozen=True)
class Ballot:
    """Two ways to go on, whose makers are not shown.

    Attributes:
        prompt: what both were given.
        left: the text shown as A.
        right: the text shown as B.
        left_name: who made A; only the count learns it.
        right_name: who made B.
    """

    prompt: str
    left: str
    right: str
    left_name: str
    right_name: str


def shuffled_ballots(ballots: Sequence[Ballot], *, seed: int = 0) -> list[Ballot]:
    """Put the ballots into another order and each pair on sides drawn at random."""
    draw = random.Random(seed)
    mixed = []
    for ballot in draw.sample(list(ballots), len(ballots)):
        if draw.random() < 0.5:
            ballot = Ballot(
                ballot.prompt, ballot.right, ballot.left, ballot.right_name, ballot.left_name
            )
        mixed.append(ballot)
    return mixed


def ballot_html(ballot: Ballot) -> str:
    """Return one ballot as HTML: the prompt above, A and B side by side or, on a phone, below."""

    style = "flex:1 1 16rem;border:1px solid #8888;border-radius:6px;padding:.6rem .8rem"

    def box(letter: str, text: str) -> str:
        return f'<div style="{style}"><strong>{letter}</strong><br>… {html.escape(text)}</div>'

    return (
        f"<p><em>{html.escape(ballot.prompt)} …</em></p>"
        '<div style="display:flex;flex-wrap:wrap;gap:.8rem">'
        f"{box('A', ballot.left)}{box('B', ballot.right)}</div>"
    )


def vote_on(
    ballots: Sequence[Ballot],
    on_vote: Callable[[Ballot, Side], None],
    *,
    n_static: int = 1,
) -> None:
    """Show the ballots one after another and hand each vote over; nobody sees who wrote what.

    While the book is built (`COURSE_BOOK_BUILD=1`) and outside a notebook there are no buttons:
    the first `n_static` ballots are shown, and nobody votes.

    Args:
        ballots: In the order of voting; see `shuffled_ballots`.
        on_vote: Called with the ballot and "left", "right" or "tie".
        n_static: Ballots on a page without buttons.

    Raises:
        ValueError: There are no ballots.
    """
    if not ballots:
        raise ValueError("ballots is empty; give at least one pair of texts")
    from IPython.display import HTML, display

    if not is_live():
        for ballot in ballots[:n_static]:
            display(HTML(ballot_html(ballot)))
        return
    _buttons(ballots, on_vote)


def _buttons(ballots: Sequence[Ballot], on_vote: Callable[[Ballot, Side], None]) -> None:
    import ipywidgets
    from IPython.display import display

    page, place = ipywidgets.HTML(), 0
    row = [ipywidgets.Button(description=text) for text in _LABELS.values()]

    def turn() -> None:
        if place < len(ballots):
            page.value = f"<p>{place + 1} of {len(ballots)}</p>{ballot_html(ballots[place])}"
            return
        page.value = "<p>Thank you. The next cell counts your votes.</p>"
        for button in row:
            button.disabled = True

    def press(side: Side) -> Callable[[Any], None]:
        def pressed(_: Any) -> None:
            nonlocal place
            on_vote(ballots[place], side)
            place += 1
            turn()

        return pressed

    for button, side in zip(row, _LABELS, strict=True):
        button.on_click(press(side))
    turn()
    display(ipywidgets.VBox([page, ipywidgets.HBox(row)]))
