import pytest

from course_lib.data import Document
from course_lib.evaluation import (
    last_word_questions,
    missing_word_questions,
    split_sentences,
    words_of_kind,
)
from course_lib.evaluation.cloze import STOP_WORDS

STORY = (
    "The old gardener kept a lantern near the gate of the orchard. "
    "Nobody in the village knew why he lit it every single evening. "
    "One night the wind rose and broke the branches of many trees. "
    "People ran from their houses and called for someone to help them. "
    "Then the children saw a light far behind the hill. "
    "They followed it home, and he showed them the old lantern. "
    "After this night they never again asked him about it."
)


def story(text=STORY, name="tale/1"):
    return Document(name, text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said, "Go." They went.', ['He said, "Go."', "They went."]),
        ("Mr. Polk and J. Q. Adams met. It was 1.5 miles.", None),
        ("no capital. follows", ["no capital. follows"]),
        ("", []),
    ],
)
def test_sentences(text, sentences):
    expected = sentences or ["Mr. Polk and J. Q. Adams met.", "It was 1.5 miles."]
    assert split_sentences(text) == (expected if text else [])


def test_sentences_keep_every_word():
    assert " ".join(split_sentences(STORY)) == STORY


def test_a_last_word_occurs_earlier_and_only_there():
    (question,) = last_word_questions([story()])
    assert (question.answer, question.after, question.source) == ("lantern", ".", "tale/1")
    assert question.sentence == "They followed it home, and he showed them the old"
    assert "kept a lantern" in question.before
    assert question.text.endswith("the old ____.")
    assert question.candidates == ()


def test_passages_have_enough_words_and_no_more_than_needed():
    long = story(" ".join([STORY.replace("lantern", word) for word in ("lantern", "kettle")]))
    for question in last_word_questions([long], min_words=20):
        context = question.before[: question.last_sentence]
        sentences = split_sentences(context)
        assert len(context.split()) >= 20
        assert len(" ".join(sentences[1:]).split()) < 20


@pytest.mark.parametrize(
    "last",
    [
        "They followed it home, and he showed them the kettle.",  # not in the passage
        "They followed it home, and he showed them to him.",  # a stop word
        "Lantern by lantern, he showed them all the lantern.",  # in the sentence itself
        "He showed them the lantern.",  # a short sentence
        "They followed it home, and he showed them the lantern:",  # no end of a sentence
    ],
)
def test_other_last_words_make_no_question(last):
    text = STORY.replace("They followed it home, and he showed them the old lantern.", last)
    assert [q for q in last_word_questions([story(text)]) if last.startswith(q.sentence)] == []


def many(n_sentences=60):
    names = ["Anna", "Boris", "Clara", "Dmitri", "Elena", "Fyodor", "Galina", "Heinrich", "Irina"]
    names += ["Jakob", "Karla", "Lasar"]
    things = ["lamp", "boat", "house", "road", "stone", "river", "book", "tree", "horse", "door"]
    things += ["wall", "coat"]
    made = []
    for i in range(n_sentences):
        name, thing = names[i % 12], things[(5 * i) % 12]
        made.append(f"Then {name} went to the {thing} and told us of it.")
    return Document("made/1", " ".join(made))


@pytest.mark.parametrize("kind", ["noun", "name"])
def test_missing_words_are_of_the_kind_and_from_the_passage(kind):
    questions = missing_word_questions([many()], kind)
    assert questions
    known = words_of_kind([many().text], kind)
    for question in questions:
        passage = question.before[: question.last_sentence]
        assert len(split_sentences(passage)) == 20
        assert len(set(question.candidates)) == 10
        assert question.answer in question.candidates
        for word in question.candidates:
            assert word in known
            assert word in passage
            assert word[0].isupper() == (kind == "name")
            assert word == question.answer or word not in question.sentence + question.after
        assert f"{question.before} {question.answer}{question.after}" in many().text


def test_draws_follow_the_seed():
    first, again, other = (
        missing_word_questions([many(200)], "noun", n=4, seed=s) for s in (0, 0, 1)
    )
    assert first == again != other
    assert len(first) == 4


def test_kinds_by_their_places():
    text = "The good lamp is on. The lamp, he said, and the lamp. Then Anna met the good man. "
    text *= 3
    assert words_of_kind([text], "noun") == {"lamp"}
    assert words_of_kind([text], "name") == {"Anna"}
    assert words_of_kind([text + " The anna of it."], "name") == frozenset()


def test_stop_words_are_lower_case_words():
    assert all(word.isalpha() and word.islower() for word in STOP_WORDS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: last_word_questions([story()], n=2), "the documents make only 1 questions"),
        (lambda: last_word_questions([story()], n=0), "n must be at least 1"),
        (lambda: last_word_questions([story()], min_words=0), "min_words must be at least 1"),
        (lambda: missing_word_questions([many()], "noun", n=99), "make only 2 questions"),
        (lambda: missing_word_questions([many()], "noun", n_context=0), "n_context must be"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
