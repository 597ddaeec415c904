"""The feedback pages: what they say, what they never say, and that nothing in them can act."""

import dataclasses
import itertools
import re
from html.parser import HTMLParser

import pytest

from course_lib.grading.classroom.class_page import class_page
from course_lib.grading.classroom.class_statistics import chapter_spreads, misconceptions
from course_lib.grading.classroom.results import (
    NOTHING_SUBMITTED,
    ExerciseMark,
    MarkStatus,
    SubmissionMarks,
)
from course_lib.grading.classroom.similarity import SimilarPair
from course_lib.grading.classroom.student_page import student_page
from course_lib.grading.result import Failure

FAILURE = Failure(
    label="two rows",
    inputs="scores = [[1, 2]]",
    expected="[[0.27, 0.73]]",
    got="[[0.5, 0.5]]",
    difference="at [0, 0]: got 0.5, expected 0.27",
)
VOID = {"meta", "br", "rect", "line"}


class Reader(HTMLParser):
    """Reads a page strictly: every tag closed in order; keeps tags, attributes and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said += data

    def count(self, name: str) -> int:
        return sum(tag == name for tag, _ in self.tags)


def mark(name: str, status: MarkStatus, reached: float = 0.0, **more: object) -> ExerciseMark:
    plain = ExerciseMark(
        exercise_id=f"attention.{name}",
        title=f"The {name}",
        status=status,
        points=reached,
        max_points=4,
        public_right=1,
        public_cases=2,
        hidden_right=1,
        hidden_cases=3,
    )
    return dataclasses.replace(plain, **more)


def submission(student: str, *marks: ExerciseMark, **more: object) -> SubmissionMarks:
    plain = SubmissionMarks(
        student=student,
        chapter="attention",
        file=f"{student}/attention.ipynb",
        digest="0123456789abcdef",
        seed=7,
        version="0.2.0",
        submitted="2026-03-01T23:10:00+01:00",
    ).with_marks(marks)
    return dataclasses.replace(plain, **more)


MIXED = submission(
    "ana",
    mark("mask", "right", 4.0),
    mark(
        "softmax",
        "wrong",
        1.6,
        failure=FAILURE,
        cause="The `dim` is ignored.",
        cause_name="no_dim",
        hidden_problem="rows far apart: a wrong answer",
    ),
    mark("window", "not attempted"),
    mark("padding", "missing"),
    mark("product", "not accepted", violations=("`torch.softmax` (code cell 3, line 2)",)),
    name="Ana Li",
    late="1 day 2 h late",
    deduction=0.6,
    notes=("lines with % were left out",),
)
PAIR = SimilarPair("attention", "ana", "ben", 0.93, 120, 110.5, ("softmax", "mask"))
EVIL = (
    '"><script>alert(1)</script><img src=http://x.example/a onerror=alert(1)>\x00\u202eevil\u2066'
)


def hostile() -> SubmissionMarks:
    """Every text that a student can choose is hostile."""
    failure = Failure(*([EVIL] * 8))
    evil = mark(
        "softmax",
        "wrong",
        failure=failure,
        title=EVIL,
        hidden_problem=EVIL,
        cause=EVIL,
        notes=(EVIL,) * 3,
    )
    banned = mark("mask", "not accepted", violations=(EVIL, "</pre></article></main>"))
    more = {"file": EVIL, "name": EVIL, "notes": (EVIL,), "problem": EVIL, "late": EVIL}
    return submission(EVIL + "!", evil, banned, submitted=EVIL, version=EVIL, **more)


def pages() -> dict[str, str]:
    bad = hostile()
    gone = SubmissionMarks("dia", "", "", "", 0, "1", problem=NOTHING_SUBMITTED, name="Dia")
    unread = submission("chi", problem="this is not a notebook")
    everyone = [MIXED, submission("ben", mark("mask", "right", 4.0)), unread, gone, bad]
    pair = dataclasses.replace(PAIR, first=bad.student, functions=(EVIL,))
    return {
        "student": student_page([MIXED], "ana"),
        "hostile": student_page([bad], bad.student),
        "absent": student_page([gone], "dia"),
        "unread": student_page([unread], "chi"),
        "class": class_page(everyone, [PAIR, pair], page_folder="students"),
        "anonymous": class_page(everyone, [PAIR, pair], names=False),
        "empty": class_page([], []),
    }


PAGES = pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_whole_accessible_and_alone(name: str) -> None:
    page = PAGES[name]
    page.encode("utf-8")
    read = Reader(page)
    for landmark in ("html", "header", "main", "footer", "h1", "title"):
        assert read.count(landmark) == 1, landmark
    assert read.tags[0] == ("html", {"lang": "en"})
    assert not {"script", "img", "link", "iframe", "object", "form"} & {tag for tag, _ in read.tags}
    assert read.count("table") == read.count("caption")
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for tag, attributes in read.tags:
        assert not any(key.startswith("on") for key in attributes), tag
        link = attributes.get("href") or "students/x.html"
        assert re.fullmatch(r"students/[a-z0-9._-]+\.html", link)
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    policy = next(a["content"] for t, a in read.tags if t == "meta" and "http-equiv" in a)
    assert policy
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)


def test_a_student_reads_points_the_first_failure_the_cause_and_where_to_go() -> None:
    said = " ".join(Reader(PAGES["student"]).said.split())
    for words in (
        "Feedback for Ana Li",
        "Points5 of 20",
        "Exercises right1 of 5",
        "Handed in late: 1 day 2 h late. 0.6 of 5.6 points are taken off; 5 count.",
        "lines with % were left out",
        "wrong · 2 of 5 cases right · 1.6 of 4 points",
        "Input",
        "scores = [[1, 2]]",
        "at [0, 0]: got 0.5, expected 0.27",
        "The dim is ignored.",
        "A case kept for grading goes wrong too: rows far apart: a wrong answer.",
        "Nothing called padding was found in the file.",
        "torch.softmax (code cell 3, line 2)",
        "Read again: chapter Attention, exercise “The softmax”.",
        'hint("attention.softmax")',
        "handed in 2026-03-01 23:10 UTC+01:00",
    ):
        assert words in said, words


def test_other_students_are_not_on_a_students_page() -> None:
    page = student_page([MIXED, submission("ben", mark("mask", "right", 4.0), name="Ben")], "ana")
    assert "ben" not in page.lower().replace("benefit", "")
    with pytest.raises(ValueError, match="student 'zed' has no marks here; known are ana"):
        student_page([MIXED], "zed")


def test_all_right_is_said_plainly() -> None:
    page = Reader(student_page([submission("ana", mark("mask", "right", 4.0))], "ana"))
    assert "Everything is right. Well done." in page.said
    assert page.count("article") == 0


def test_the_class_page_tells_what_a_teacher_needs() -> None:
    read = Reader(PAGES["class"])
    said = " ".join(read.said.split())
    for words in (
        "Students5",
        "Submissions graded3 of 4",
        "Nothing handed in1",
        "The dim is ignored.",
        "For a human to look at, never a verdict.",
        "Ana Li (ana) and ben",
        "93 %120",
        "this is not a notebook",
        "torch.softmax (code cell 3, line 2)",
    ):
        assert words in said, words
    figure = next(attributes for tag, attributes in read.tags if tag == "svg")
    assert figure["role"] == "img"
    assert "Histogram of Attention" in (figure["aria-label"] or "")
    assert '<a href="students/ana.html"><bdi>Ana Li (ana)</bdi></a>' in PAGES["class"]


def test_without_names_nobody_can_be_told() -> None:
    page = PAGES["anonymous"]
    said = Reader(page).said
    for secret in ("Ana", "ana/", "ben", "Dia", "chi/", "href"):
        assert secret not in (said if secret != "href" else page), secret
    assert "Pair 1" in said
    assert "2 submissions could not be graded." in said
    assert "1 student handed in nothing." in said


def test_a_file_of_nobody_is_no_student() -> None:
    stray = submission("x/attention.ipynb", file="x/attention.ipynb", problem="whose it is")
    said = " ".join(Reader(class_page([MIXED, stray], [])).said.split())
    assert "Students1" in said
    assert "x/attention.ipynbnot knownwhose it is" in said


def test_points_are_spread_over_tenths_with_full_points_in_the_last() -> None:
    marks = [submission(f"s{i}", mark("mask", "wrong", i / 10)) for i in range(0, 41, 4)]
    (spread,) = chapter_spreads(marks)
    assert spread.bins == (1, 1, 1, 1, 1, 1, 1, 1, 1, 2)
    assert (spread.mean, spread.median, spread.full) == (pytest.approx(2.0), 2.0, 1)


def test_misconceptions_are_counted_by_exercise_and_cause() -> None:
    def wrong(name: str, cause: str) -> ExerciseMark:
        return mark(name, "wrong", cause=f"It is {cause}.", cause_name=cause)

    marks = [
        submission("a", wrong("mask", "inverted"), wrong("softmax", "no_dim")),
        submission("b", wrong("mask", "inverted")),
        submission("c", wrong("mask", "shifted")),
    ]
    found = [(item.exercise_id, item.cause_name, item.number) for item in misconceptions(marks)]
    assert found == [
        ("attention.mask", "inverted", 2),
        ("attention.mask", "shifted", 1),
        ("attention.softmax", "no_dim", 1),
    ]


def test_a_class_of_a_thousand_makes_a_page_of_bounded_size() -> None:
    marks = [submission(f"s{i:04}", *MIXED.marks) for i in range(1000)]
    pairs = [dataclasses.replace(PAIR, first=f"s{i:04}", second=f"s{i + 1:04}") for i in range(999)]
    page = class_page(marks, pairs)
    assert len(page) < 600_000
    assert "… and 969 more." in page
