"""The style sheet's contrasts, and the functions through which all text enters a page."""

import re

from course_lib.grading.classroom.page_sheet import SHEET
from course_lib.grading.classroom.page_style import block, code_spans, moment, points, text, visible


def test_the_style_sheet_asks_for_nothing() -> None:
    assert not re.search(r"url\(|@import|@font-face|</", SHEET)
    assert "prefers-color-scheme: dark" in SHEET
    assert "@media print" in SHEET


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_has_a_contrast_of_at_least_4_5_in_both_schemes() -> None:
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in schemes())
    for colors in (light, {**light, **dark}):
        for ground in ("ground", "raised", "code", "notice-wash"):
            for ink in ("ink", "muted", "heading", "primary", "right", "wrong", "todo", "refused"):
                assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
        for edge in ("right-edge", "wrong-edge", "todo-edge", "refused-edge", "notice"):
            assert contrast(colors[edge], colors["ground"]) >= 3, edge


def schemes() -> tuple[str, str]:
    light, rest = SHEET.split("@media (prefers-color-scheme: dark)")
    return light, rest.split("* {")[0]


def test_text_of_any_origin_is_made_harmless() -> None:
    assert visible("a\x00\x1b[31m\u202eb\r\n\tc\u2028\ud800") == (
        "a⟨U+0000⟩⟨U+001B⟩[31m⟨U+202E⟩b\n\tc⟨U+2028⟩⟨U+D800⟩"
    )
    assert visible("e" + "\u0301" * 500) == "e" + "\u0301" * 4
    assert visible("می‌خواهم 你好 é") == "می‌خواهم 你好 é"
    assert text("<b>&'\"") == "&lt;b&gt;&amp;&#x27;&quot;"
    assert code_spans("use `a<b` now") == "use <code>a&lt;b</code> now"
    assert code_spans("one ` alone") == "one ` alone"
    assert len(text("x" * 10_000_000)) < 700
    long = block("A" * 1_000_000 + "\n" + "1\n" * 10_000, "Got")
    assert len(long) < 10_000
    assert "</pre>" not in block("</pre><script>", "Got")[:-6]


def test_points_and_times_read_well() -> None:
    assert [points(x) for x in (4, 4.0, 3.5, 0.1 + 0.2, 1234567.0)] == [
        "4",
        "4",
        "3.5",
        "0.3",
        "1234567",
    ]
    assert moment("yesterday <b>") == "yesterday &lt;b&gt;"
