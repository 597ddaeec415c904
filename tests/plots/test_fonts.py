"""The Chinese font that ships with the package, so that figures look alike on every machine."""

import pytest

from course_lib.plots import encoder_decoder_diagram
from course_lib.plots.style import SANS_FONTS, has_glyph, installed_fonts


def test_it_is_found():
    assert "Course Hanzi" in installed_fonts(SANS_FONTS)
    assert all(has_glyph(character) for character in "保存笔记本，关灯。")


@pytest.mark.needs_assets
def test_it_has_every_character_of_the_pairs():
    from matplotlib.font_manager import FontProperties, findfont, get_font

    from course_lib.data import interface_pairs

    installed_fonts(SANS_FONTS)
    path = findfont(FontProperties(family=["Course Hanzi"]), fallback_to_default=False)
    wanted = {c for pair in interface_pairs() for c in pair.source if "\u4e00" <= c <= "\u9fff"}
    assert {ord(c) for c in wanted} <= set(get_font(path).get_charmap())


def test_a_diagram_needs_a_layer():
    with pytest.raises(ValueError, match="n_layers must be at least 1, got 0"):
        encoder_decoder_diagram(n_layers=0)
