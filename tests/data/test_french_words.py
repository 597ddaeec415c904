from course_lib.data import french_words


def test_every_word_and_every_translation_stands_there_once():
    pairs = french_words()
    assert len(pairs) == 124
    assert len({french for french, _ in pairs}) == len({english for _, english in pairs}) == 124
    assert all(word == word.strip().lower() and " " not in word for pair in pairs for word in pair)
    assert ("sœur", "sister") in pairs
