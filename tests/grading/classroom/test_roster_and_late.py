"""Class lists with every slip, and rules for late work."""

from datetime import UTC, datetime, timedelta

import pytest

from course_lib.grading.classroom.late import DueTimes, LateRule, read_duration, read_time
from course_lib.grading.classroom.roster import read_roster


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,name\ns1,Ana Li\ns2,Zoë\n", "utf-8"),
        ("\ufeffID, Name\r\ns1,Ana Li\r\n\r\ns2,Zoë\r\n", "utf-8"),
        ("id;name\ns1;Ana Li\ns2;Zoë\n", "utf-8"),
        ("id\tname\ns1\tAna Li\ns2\tZoë\n", "utf-16"),
        ('name,id\n"Ana Li",s1\nZoë,s2', "utf-8"),
    ],
)
def test_rosters_as_spreadsheets_write_them(tmp_path, text, encoding):
    roster = read_roster(write(tmp_path, text, encoding))
    assert [(one.id, one.name) for one in roster.students] == [("s1", "Ana Li"), ("s2", "Zoë")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("id,name\n", "no students"),
        ("name,email\nAna,a@b\n", "no column id (its columns: name, email)"),
        ("id,id\na,b\n", "'id' more than once"),
        ("id,nmae\na,b\n", "should it be 'name'?"),
        ("id,extention\na,3d\n", "should it be 'extension'?"),
        ("id,name\ns1,Ana\ns1,Ben\n", "line 2 and in line 3"),
        ("id,name\ns1,Ana\nS1,Ben\n", "not in capitals alone"),
        ("id,name\ns1\n", "line 2: 1 cells"),
        ("id,name\ns1,a,b\n", "line 2: 3 cells"),
        ("id,name\n,Ana\n", "line 2: the id is empty"),
        ("id,submitted\ns1,yesterday\n", "line 2: submitted must be a time"),
        ("id,submitted\ns1,2026-03-01 10:00\n", "no time zone"),
        ("id,extension\ns1,soon\n", "extension must be a time"),
        ('id,name\n"s1,Ana\n', "not a readable CSV"),
    ],
)
def test_slips_are_named(tmp_path, text, words):
    with pytest.raises(ValueError, match=r"roster\.csv") as caught:
        read_roster(write(tmp_path, text))
    assert words in str(caught.value)


def test_other_encodings_and_huge_files(tmp_path):
    with pytest.raises(ValueError, match="UTF-8"):
        read_roster(write(tmp_path, "id,name\ns1,Zoë\n", "latin-1"))
    path = tmp_path / "roster.csv"
    with path.open("wb") as file:
        file.truncate(20 << 20)
    with pytest.raises(ValueError, match="not a roster"):
        read_roster(path)


def test_times_and_columns_by_chapter(tmp_path):
    text = (
        "id,name,email,submitted,extension_gpt2,submitted_gpt2\n"
        "s1,Ana,a@b,2026-03-01 10:00,3d,2026-03-05T10:00Z\n"
        "s2,Ben,b@c,,2026-03-09 12:00,\n"
    )
    roster = read_roster(write(tmp_path, text), chapters=("gpt2",), zone=UTC)
    ana, ben = roster.students
    assert ana.submitted[""] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert ana.submitted["gpt2"].day == 5
    assert ana.extension == {"gpt2": timedelta(days=3)}
    assert ben.extension == {"gpt2": datetime(2026, 3, 9, 12, tzinfo=UTC)}
    assert ben.submitted == {}
    assert "email" in roster.notes[0]


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-01T23:59+01:00", "2026-03-01T23:59:00+01:00"),
        ("2026-03-01 23:59 Europe/Berlin", "2026-03-01T23:59:00+01:00"),
        ("2026-07-01 23:59 Europe/Berlin", "2026-07-01T23:59:00+02:00"),
        ("2026-03-01 Asia/Kolkata", "2026-03-01T23:59:59+05:30"),
        ("2026-03-01 23:59 UTC", "2026-03-01T23:59:00+00:00"),
        ("2026-03-01T23:59Z", "2026-03-01T23:59:00+00:00"),
    ],
)
def test_times_with_zones(text, iso):
    assert read_time(text, "due").isoformat() == iso


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-01 23:59", "no time zone"),
        ("2026-03-01", "no time zone"),
        ("tomorrow", "must be a time"),
        ("2026-13-01 UTC", "must be a time"),
        ("2026-03-01 10:00 Europe/Nowhere", "no time zone is called"),
        ("2026-03-01 10:00 ../../etc/passwd", "must be a time"),
        ("2026-03-01T10:00Z Europe/Berlin", "two time zones"),
        ("0001-01-01T00:00+12:00", "not a time of our days"),
        ("", "must be a time"),
    ],
)
def test_times_that_are_not_clear(text, words):
    with pytest.raises(ValueError, match="due") as caught:
        read_time(text, "due")
    assert words in str(caught.value)


def test_due_times_by_chapter():
    times = DueTimes.read(["2026-03-01T10:00Z", "gpt2=2026-04-01T10:00Z"], ["gpt2", "attention"])
    assert times.of("gpt2").month == 4
    assert times.of("attention").month == 3
    assert DueTimes().of("gpt2") is None
    with pytest.raises(ValueError, match="no chapter is called 'gtp2'"):
        DueTimes.read(["gtp2=2026-04-01T10:00Z"], ["gpt2"])
    with pytest.raises(ValueError, match="given twice"):
        DueTimes.read(["2026-03-01T10:00Z"] * 2, ["gpt2"])


@pytest.mark.parametrize(
    ("rule", "hours", "points"),
    [
        ("10%/day", 0.0, 0.0),
        ("10%/day", 0.01, 2.0),
        ("10%/day", 24, 2.0),
        ("10%/day", 24.01, 4.0),
        ("10% per day", 1000, 20.0),
        ("10%/day, cap=50%", 1000, 10.0),
        ("10%/day, grace=15m", 0.25, 0.0),
        ("10%/day, grace=15m", 0.26, 2.0),
        ("2p/day, cap=5p", 70, 5.0),
        ("1.5 points/day", 30, 3.0),
        ("20%", 1000, 4.0),
        ("3p", 1, 3.0),
        ("50p", 1, 20.0),
    ],
)
def test_rules(rule, hours, points):
    assert LateRule.read(rule).deduction(timedelta(hours=hours), 20) == points


@pytest.mark.parametrize(
    "text",
    ["", "10", "x%", "-5%", "110%", "10%/hour", "10%, grace=soon", "10%, cap=5%/day", "10%, a=1m",
     "10%, grace=1h, grace=2h", "10%,", "nan%"],
)  # fmt: skip
def test_rules_that_are_not_clear(text):
    with pytest.raises(ValueError, match=r"late|grace"):
        LateRule.read(text)


def test_durations():
    assert read_duration("90 min", "x") == timedelta(minutes=90)
    assert read_duration("2w", "x") == timedelta(weeks=2)
    with pytest.raises(ValueError, match="x is too long"):
        read_duration("9" * 30 + "w", "x")
