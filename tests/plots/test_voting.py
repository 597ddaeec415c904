import pytest

from course_lib.plots import Ballot, shuffled_ballots, vote_on, voting
from course_lib.plots.voting import ballot_html

BALLOTS = [Ballot(f"start {i}", f"<b>{i}", f"other {i}", "one", "two") for i in range(20)]


def test_a_ballot_is_blind_and_safe():
    page = ballot_html(BALLOTS[0])
    assert "&lt;b&gt;0" in page
    assert "one" not in page
    assert "two" not in page


def test_sides_are_drawn_and_texts_stay_with_their_makers():
    mixed = shuffled_ballots(BALLOTS, seed=3)
    assert sorted(ballot.prompt for ballot in mixed) == sorted(b.prompt for b in BALLOTS)
    turned = [ballot for ballot in mixed if ballot.left_name == "two"]
    assert 4 <= len(turned) <= 16
    for ballot in turned:
        assert ballot.left.startswith("other")
    assert mixed == shuffled_ballots(BALLOTS, seed=3) != shuffled_ballots(BALLOTS, seed=4)


def test_the_page_has_no_buttons(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BOOK_BUILD", "1")
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    vote_on(BALLOTS, lambda *_: pytest.fail("nobody voted"), n_static=2)
    assert len(shown) == 2


def test_buttons_hand_the_votes_over(monkeypatch):
    shown, votes = [], []
    monkeypatch.setattr(voting, "is_live", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    vote_on(BALLOTS[:2], lambda ballot, side: votes.append((ballot.prompt, side)))
    page, buttons = shown[0].children
    assert "1 of 2" in page.value
    buttons.children[0].click()
    buttons.children[1].click()
    assert votes == [("start 0", "left"), ("start 1", "tie")]
    assert "Thank you" in page.value
    assert all(button.disabled for button in buttons.children)


def test_no_ballots():
    with pytest.raises(ValueError, match="ballots is empty"):
        vote_on([], lambda *_: None)
