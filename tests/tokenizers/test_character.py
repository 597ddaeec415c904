import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.tokenizers import CharacterTokenizer, Tokenizer

any_text = st.text(st.characters(codec=None))


def test_ids_follow_code_point_order():
    tokenizer = CharacterTokenizer.train(["héllo", "wörld"])
    assert tokenizer.characters == ("d", "h", "l", "o", "r", "w", "é", "ö")
    assert tokenizer.vocab_size == 8
    assert isinstance(tokenizer, Tokenizer)


@given(any_text)
def test_round_trip(text):
    tokenizer = CharacterTokenizer.train([text])
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_save_and_load(tmp_path):
    tokenizer = CharacterTokenizer(["b", "a", "\n", "中", "\ud800"])
    tokenizer.save(tmp_path / "new")
    assert CharacterTokenizer.load(tmp_path / "new").characters == tokenizer.characters


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CharacterTokenizer(["a", "b", "a"]), "characters: 'a' is listed twice"),
        (lambda: CharacterTokenizer(["ab"]), "characters: 'ab' is not a single character"),
        (lambda: CharacterTokenizer(["a"]).encode("abc"), r"text: character 'b' \(U\+0062\)"),
        (lambda: CharacterTokenizer(["a"]).decode([1]), "ids: id 1 is unknown; .* 0 to 0"),
        (lambda: CharacterTokenizer(["a"]).decode([-1]), "ids: id -1 is unknown"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_one_str_instead_of_texts():
    with pytest.raises(TypeError, match="texts is one str"):
        CharacterTokenizer.train("abc")


@pytest.mark.parametrize("content", ["{", "[1]", '{"a": 1}', '{"ab": 0}'])
def test_damaged_file_is_named(tmp_path, content):
    (tmp_path / "vocab.json").write_text(content)
    with pytest.raises(ValueError, match=r"vocab\.json is damaged"):
        CharacterTokenizer.load(tmp_path)
