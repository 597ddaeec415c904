"""Make the small Chinese font of the figures: the characters of the course's Chinese texts.

    python scripts/subset_font.py NotoSansCJK-Regular.ttc

The result is a modified version of Noto Sans CJK under the SIL Open Font License 1.1, so it has a
name of its own. Needs fontTools, which matplotlib brings along.
"""

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

from course_lib.data import interface_pairs

NAME = "Course Hanzi"
TARGET = Path(__file__).parents[1] / "course_lib" / "plots" / "fonts" / "course-hanzi.otf"
PUNCTUATION = "，。、；：？！（）《》“”‘’…—·　"
COMMON = "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家"
FULL_NAMES = (1, 3, 4, 6, 16, 17, 21, 22, 25)


def main() -> None:
    """Read the collection, keep what is needed, rename, and write."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("collection", type=Path, help="NotoSansCJK-Regular.ttc")
    fonts = TTCollection(parser.parse_args().collection).fonts
    font = next(f for f in fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC")
    wanted = {c for pair in interface_pairs() for c in pair.source if ord(c) > 0x2E7F}
    options = subset.Options(layout_features=[], hinting=False, desubroutinize=True)
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14]
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(sorted(wanted | set(PUNCTUATION) | set(COMMON))))
    cutter.subset(font)
    for record in list(font["name"].names):
        if record.nameID in FULL_NAMES:
            text = NAME.replace(" ", "") + "-Regular" if record.nameID == 6 else NAME
            record.string = text
    if "CFF " in font:
        top = font["CFF "].cff
        top.fontNames = [NAME.replace(" ", "")]
        top[0].FullName = top[0].FamilyName = NAME
    font.save(TARGET)
    print(f"{len(wanted)} characters of the pairs, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
