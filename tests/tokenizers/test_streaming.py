import io
import subprocess
import sys
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.tokenizers import BytePairTokenizer, split_words
from course_lib.tokenizers import streaming as streaming_module
from course_lib.tokenizers.split import special_pattern
from course_lib.tokenizers.streaming import read_text, split_stream

hard_text = st.text(st.sampled_from("'strvelmd  \n\n\tA1.中é\u0301😀\ud83d<|>"), max_size=40)
SPECIAL = ["<|>", "<|>A", "<<"]


def cut(text, cuts):
    edges = [0, *sorted(c % (len(text) + 1) for c in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


@settings(max_examples=500, deadline=None)
@given(hard_text, st.lists(st.integers(0, 100), max_size=20))
def test_words_do_not_depend_on_the_cuts(text, cuts):
    words = list(chain.from_iterable(split_stream(cut(text, cuts))))
    assert words == split_words(text)


@settings(max_examples=500, deadline=None)
@given(hard_text, st.lists(st.integers(0, 100), max_size=20))
def test_special_tokens_do_not_depend_on_the_cuts(text, cuts):
    expected, start = [], 0
    for match in special_pattern(SPECIAL).finditer(text):
        expected += [*split_words(text[start : match.start()]), (match.group(),)]
        start = match.end()
    expected += split_words(text[start:])
    found = []
    for part in split_stream(cut(text, cuts), SPECIAL):
        found += [(part,)] if isinstance(part, str) else part
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"a", b" ", b"\xe4\xb8\xad", b"\xf0\x9f\x98\x80", b"\xe4", b"\xff",
                                 b"\xed\xa0\x80", b"\n", b"'s", b"\xc3"]), max_size=30),
       st.integers(1, 5))  # fmt: skip
def test_bytes_do_not_depend_on_the_reads(parts, chunk):
    data = b"".join(parts)
    tokenizer = BytePairTokenizer([(b"\xe4", b"\xb8"), (b"\xe4\xb8", b"\xad"), (b"a", b"a")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming_module, "_CHUNK", chunk)
        streamed = list(tokenizer.encode_stream(io.BytesIO(data)))
    assert streamed == tokenizer.encode_bytes(data)
    assert tokenizer.decode_bytes(streamed) == data


def test_pieces_are_joined_and_cut(monkeypatch):
    monkeypatch.setattr(streaming_module, "_CHUNK", 4)
    assert list(read_text(["a", "b", "cdefghi", "j"])) == ["abcd", "efgh", "i", "j"]
    assert list(read_text("abcde")) == ["abcd", "e", ""]


def test_text_file_is_refused():
    with pytest.raises(TypeError, match="open it in binary mode"):
        list(read_text(io.StringIO("text")))
    with pytest.raises(TypeError, match="source"):
        list(read_text([b"bytes"]))


SCRIPT = """
import hashlib, resource, sys
from array import array
from course_lib.tokenizers import BytePairTokenizer

tokenizer = BytePairTokenizer.load(sys.argv[1])
list(tokenizer.encode_stream(["warm up " * 1000]))
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
limit = used + int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    with open(sys.argv[2], "rb") as file:
        file.read()
    sys.exit("the whole file fits: the limit is too high to show anything")
except MemoryError:
    pass
digest, batch = hashlib.sha256(), array("I")
with open(sys.argv[2], "rb") as file:
    for token in tokenizer.encode_stream(file, allowed_special="all"):
        batch.append(token)
        if len(batch) == 4096:
            digest.update(batch.tobytes())
            del batch[:]
digest.update(batch.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_AS")
def test_a_file_larger_than_memory(tmp_path):
    import hashlib
    from array import array

    page = (
        "It's 2026:  naïve 中文字 😀\r\n\n\tdef f(x):\n        return x  # they'll\u3000\n<|end|>"
    )
    tokenizer = BytePairTokenizer.train([page * 9], 300, special_tokens=["<|end|>"])
    tokenizer.save(tmp_path)
    text = page * 65_000
    path = tmp_path / "text.txt"
    path.write_bytes(text.encode())
    headroom = 5 << 20
    assert path.stat().st_size > headroom
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path, path, str(headroom)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    expected = hashlib.sha256(array("I", tokenizer.encode(page, allowed_special="all")) * 65_000)
    assert run.stdout.strip() == expected.hexdigest()
    # the page ends with a special token, so the encoding of many pages repeats that of one
    twice = tokenizer.encode(page * 2, allowed_special="all")
    assert twice == tokenizer.encode(page, allowed_special="all") * 2
