"""Tokens as colored boxes: a strip of pieces with their ids, and the steps of byte-pair merging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.plots.pieces import text_width, visible_characters
from course_lib.plots.style import (
    FILL_INK,
    FILLS,
    INK,
    MONO_FONTS,
    WIDTH,
    installed_fonts,
    same_length,
    styled,
)

_SIZE = 12.5  # points, of the pieces
_ID_SIZE = 9.0
_PADDING = 5.0  # left and right of the text in a box
_GAP = 2.5  # between two boxes
_BOX_HEIGHT = 22.0
_MARGIN = 4.0
_CYCLE = ("blue", "gold", "teal", "pink")


@dataclass(frozen=True)
class _Box:
    text: str
    note: str
    fill: str
    left: float
    row: int
    width: float


def _canvas(width: float, height: float) -> tuple[Figure, Any]:
    """A figure measured in points, with y growing downward from the top."""
    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _draw_box(axes: Any, box: _Box, top: float) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (box.left + 2, top + 2),
            box.width - 4,
            _BOX_HEIGHT - 4,
            boxstyle="round,pad=2,rounding_size=3",
            facecolor=FILLS[box.fill],
            edgecolor="none",
        )
    )
    center = box.left + box.width / 2
    axes.text(
        center,
        top + _BOX_HEIGHT / 2,
        box.text,
        ha="center",
        va="center_baseline",
        color=FILL_INK,
        fontsize=_SIZE,
        family=list(installed_fonts(MONO_FONTS)),
        parse_math=False,
    )
    if box.note:
        axes.text(
            center,
            top + _BOX_HEIGHT + 3,
            box.note,
            ha="center",
            va="top",
            fontsize=_ID_SIZE,
            color=INK,
        )


def _split_long(shown: list[str], room: float) -> list[list[str]]:
    """Cut a piece that is wider than a line into parts that fit."""
    parts: list[list[str]] = [[]]
    for character in shown:
        if parts[-1] and text_width([*parts[-1], character]) * _SIZE > room:
            parts.append([])
        parts[-1].append(character)
    return parts


def _place(pieces: Sequence[str | bytes], notes: Sequence[str], width: float) -> list[_Box]:
    """Boxes from left to right, a new row after a line break and where the row is full."""
    boxes: list[_Box] = []
    left, row = _MARGIN, 0
    for index, (piece, note) in enumerate(zip(pieces, notes, strict=True)):
        shown = visible_characters(piece, mono=True) or ["∅"]
        parts = _split_long(shown, width - 2 * _MARGIN - 2 * _PADDING)
        for number, part in enumerate(parts):
            text_points = text_width(part) * _SIZE
            note_points = len(note) * 0.62 * _ID_SIZE if number == 0 else 0.0
            box_width = max(text_points + 2 * _PADDING, note_points + 2.0, 14.0)
            if left > _MARGIN and left + box_width > width - _MARGIN:
                left, row = _MARGIN, row + 1
            fill = _CYCLE[index % len(_CYCLE)]
            boxes.append(_Box("".join(part), note * (number == 0), fill, left, row, box_width))
            left += box_width + _GAP
        if piece in ("\n", b"\n"):
            left, row = _MARGIN, row + 1
    return boxes


@styled
def token_strip(
    pieces: Sequence[str | bytes],
    ids: Sequence[int] | None = None,
    *,
    title: str | None = None,
    width: float = WIDTH,
) -> Figure:
    """Pieces of a text as colored boxes in reading order, with their ids beneath.

    White space is drawn as ␣ ⏎ ⇥. Bytes that are no whole character, and characters that no
    installed font can draw, are written as ⟨F0⟩⟨9F⟩….

    Args:
        pieces: Tokens as text, or as bytes where a token may end inside a character.
        ids: One id per piece, or none.
        title: Line above the strip.
        width: Inches.

    Raises:
        ValueError: No pieces, or another number of ids than of pieces.
    """
    if isinstance(pieces, str | bytes) or len(pieces) == 0:
        raise ValueError(
            "pieces must be a list with one string (or bytes) per token and hold at least one"
        )
    if ids is not None:
        same_length("ids", ids, len(pieces), "pieces")
    notes = [""] * len(pieces) if ids is None else [str(int(number)) for number in ids]
    points = width * 72
    boxes = _place(pieces, notes, points)
    row_height = _BOX_HEIGHT + (16.0 if ids is not None else 5.0)
    top = 22.0 if title else _MARGIN
    n_rows = 1 + max(box.row for box in boxes)
    figure, axes = _canvas(points, top + n_rows * row_height + 2.0)
    if title:
        axes.text(
            _MARGIN,
            4,
            title.replace("$", r"\$"),
            ha="left",
            va="top",
            fontsize=12,
            fontweight="bold",
        )
    for box in boxes:
        _draw_box(axes, box, top + box.row * row_height)
    return figure


def _edges(pieces: Sequence[str | bytes]) -> set[tuple[int, int]]:
    """(start, end) of every piece in the joined text."""
    spans, start = set(), 0
    for piece in pieces:
        spans.add((start, start + len(piece)))
        start += len(piece)
    return spans


@styled
def merge_steps(
    frames: Sequence[Sequence[str | bytes]],
    notes: Sequence[str] | None = None,
    *,
    title: str | None = None,
    width: float = WIDTH,
) -> Figure:
    """The same text after each byte-pair merge, one row per step; new pieces are orange.

    Args:
        frames: Pieces of the text before the first merge and after each one. Every frame spells
            the same text.
        notes: One line per frame, shown above its row, such as "merge 1: t + h → th (9 times)".
        title: Line above the figure.
        width: Inches; a row that needs more is wrapped.

    Raises:
        ValueError: No frames, frames that spell different texts, or another number of notes.
    """
    if len(frames) == 0 or any(len(frame) == 0 for frame in frames):
        raise ValueError("frames must hold at least one frame, and each at least one piece")
    if notes is not None:
        same_length("notes", notes, len(frames), "frames")
    spelled = {type(frame[0])().join(frame) for frame in frames}  # type: ignore[arg-type]
    if len(spelled) != 1:
        raise ValueError("frames must all spell the same text; they spell different ones")
    points, top = width * 72, 26.0 if title else _MARGIN
    note_height = 17.0 if notes is not None else 0.0
    rows: list[tuple[float, list[_Box], str]] = []
    before = _edges(frames[0])
    for number, frame in enumerate(frames):
        boxes = _place(frame, [""] * len(frame), points)
        after = _edges(frame)
        fresh = _fresh_pieces(frame, before)
        boxes = _color_boxes(boxes, frame, fresh, points)
        rows.append((top, boxes, "" if notes is None else notes[number]))
        top += note_height + (1 + max(box.row for box in boxes)) * (_BOX_HEIGHT + 4) + 7.0
        before = after
    figure, axes = _canvas(points, top)
    if title:
        axes.text(_MARGIN, 4, title, ha="left", va="top", fontsize=12, fontweight="bold")
    for y, boxes, note in rows:
        if note:
            axes.text(_MARGIN, y, note, ha="left", va="top", fontsize=10.5, parse_math=False)
        for box in boxes:
            _draw_box(axes, box, y + note_height + box.row * (_BOX_HEIGHT + 4))
    return figure


def _fresh_pieces(frame: Sequence[str | bytes], before: set[tuple[int, int]]) -> list[bool]:
    """Whether each piece was not yet a piece of the frame before."""
    fresh, start = [], 0
    for piece in frame:
        fresh.append((start, start + len(piece)) not in before)
        start += len(piece)
    return fresh


def _color_boxes(
    boxes: list[_Box], frame: Sequence[str | bytes], fresh: list[bool], points: float
) -> list[_Box]:
    """Gray boxes for old pieces, orange ones for those made in this step."""
    fills = []
    room = points - 2 * _MARGIN - 2 * _PADDING
    for piece, is_fresh in zip(frame, fresh, strict=True):
        n_parts = len(_split_long(visible_characters(piece, mono=True) or ["∅"], room))
        fills += ["orange" if is_fresh else "gray"] * n_parts
    return [
        _Box(box.text, box.note, fill, box.left, box.row, box.width)
        for box, fill in zip(boxes, fills, strict=True)
    ]
