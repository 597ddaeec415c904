"""CC-CEDICT: a Chinese–English dictionary of some 120,000 words."""

import gzip
import re
from collections import defaultdict

from course_lib.assets import asset_path

_ENTRY = re.compile(r"^\S+ (?P<word>\S+) \[(?P<sound>[^\]]*)\] /(?P<glosses>.*)/$")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NO_TRANSLATION = re.compile(
    r"^(surname|variant of|old variant|see |used in|abbr\. for|CL:|Taiwan pr|also pr|Kangxi|"
    r"erhua variant|Japanese variant|also written)"
)


def chinese_glosses() -> dict[str, list[str]]:
    """Chinese words in simplified characters, each with its English glosses in their order.

    A gloss is bare: without remarks in brackets and without the "to" of an infinitive. Names of
    families and references to other entries are left out, and so are words that have no other
    gloss. Common readings come before proper names. Needs the asset ``cedict``; raises
    AssetMissingError.
    """
    file = asset_path("cedict") / "cedict_1_0_ts_utf-8_mdbg.txt.gz"
    common: dict[str, list[str]] = defaultdict(list)
    proper: dict[str, list[str]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = _ENTRY.match(line.strip())
            if entry is None:  # a comment
                continue
            is_name = entry["sound"][:1].isupper()
            (proper if is_name else common)[entry["word"]] += bare_glosses(entry["glosses"])
    words = {word: common[word] + proper[word] for word in (*common, *proper)}
    return {word: list(dict.fromkeys(found)) for word, found in words.items() if found}


def bare_glosses(entry: str) -> list[str]:
    """Cut the English half of an entry into glosses that can stand in a sentence.

    >>> bare_glosses("to open/to start (a computer)/CL:個|个[ge4]/boot; start-up")
    ['open', 'start', 'boot', 'start-up']
    """
    found = []
    for gloss in re.split(r"[/;]", entry):
        if _NO_TRANSLATION.match(gloss.strip()):
            continue
        bare = " ".join(_ASIDE.sub(" ", gloss).split()).removeprefix("to ")
        if bare and "|" not in bare:
            found.append(bare)
    return found
