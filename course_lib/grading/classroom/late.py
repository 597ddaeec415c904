"""Late work: when it was due, and what a rule takes off."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(m|min|minutes?|h|hours?|d|days?|w|weeks?)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%|p|points?)(\s*(?:/|per)\s*(?:d|day))?")
_DAY = timedelta(days=1)
DUE_HELP = (
    "When the work was due, with its time zone: '2026-03-01 23:59 Europe/Berlin' or "
    "'2026-03-01T23:59+01:00'. For one chapter: 'attention=2026-03-01 23:59 Europe/Berlin' "
    "(may be given several times)."
)
LATE_HELP = (
    "What late work costs: '10%/day' or '2p/day' for every day begun, '20%' or '5p' once; "
    "a percentage is one of the chapter's full points. After a comma: 'grace=15m' (or h, d) and "
    "'cap=50%' (or p), as in '10%/day, grace=15m, cap=50%'."
)


def read_time(text: str, name: str, *, zone: tzinfo | None = None) -> datetime:
    """Read a time with its zone, as an offset or a name after it.

    >>> read_time("2026-03-01 23:59 Europe/Berlin", "due").isoformat()
    '2026-03-01T23:59:00+01:00'
    """
    words = text.strip()
    clock, _, last = words.rpartition(" ")
    named: tzinfo | None = None
    if clock and re.fullmatch(r"[A-Za-z][A-Za-z0-9_+/-]*", last):
        try:
            named = UTC if last in ("UTC", "Z", "GMT") else ZoneInfo(last)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"{name}: no time zone is called {last!r}; names look like Europe/Berlin"
            ) from None
        words = clock.strip()
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
        words += " 23:59:59"  # a day alone means its end
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(
            f"{name} must be a time such as '2026-03-01 23:59 Europe/Berlin', got {text!r}"
        ) from None
    if named is not None and moment.tzinfo is not None:
        raise ValueError(f"{name} has two time zones: {text!r}")
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=named or zone)
    if moment.tzinfo is None:
        raise ValueError(
            f"{name} has no time zone: {text!r}; add one, as in '2026-03-01 23:59 Europe/Berlin'"
        )
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} is not a time of our days: {text!r}") from None
    return moment


def read_duration(text: str, name: str) -> timedelta:
    """Read ``15m``, ``2h``, ``3d`` or ``1w``.

    >>> read_duration("1.5h", "grace")
    datetime.timedelta(seconds=5400)
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{name} must be a time such as 15m, 2h, 3d or 1w, got {text!r}")
    try:
        return timedelta(**{_UNITS[found[2][0]]: float(found[1])})
    except OverflowError:
        raise ValueError(f"{name} is too long: {text!r}") from None


@dataclass(frozen=True)
class Amount:
    """Points, or a percentage of the chapter's full points."""

    number: float
    is_percent: bool

    def of(self, max_points: float) -> float:
        """The amount in points."""
        return max_points * self.number / 100 if self.is_percent else self.number


@dataclass(frozen=True)
class LateRule:
    """What late work costs: an amount once, or for every day begun, after a grace, up to a cap."""

    amount: Amount = Amount(0.0, True)
    per_day: bool = False
    grace: timedelta = timedelta()
    cap: Amount | None = None

    @classmethod
    def read(cls, text: str) -> "LateRule":
        """Read the rule from words; raises ``ValueError`` that shows the syntax.

        >>> LateRule.read("10%/day, grace=15m, cap=50%").per_day
        True
        """
        first, *others = [part.strip().lower() for part in text.split(",")]
        amount, per_day = _read_amount(first, text)
        settings: dict[str, str] = {}
        for part in others:
            key, sign, value = (word.strip() for word in part.partition("="))
            if not sign or key not in ("grace", "cap") or key in settings:
                raise ValueError(f"late: {part!r} is not understood. {LATE_HELP}")
            settings[key] = value
        grace = read_duration(settings["grace"], "grace") if "grace" in settings else timedelta()
        cap = None
        if "cap" in settings:
            cap, cap_per_day = _read_amount(settings["cap"], text)
            if cap_per_day:
                raise ValueError(f"late: a cap is not per day: {text!r}. {LATE_HELP}")
        return cls(amount, per_day, grace, cap)

    def deduction(self, late_by: timedelta, max_points: float) -> float:
        """The points that so much delay costs, to one decimal; never more than there are."""
        if late_by <= self.grace or late_by <= timedelta():
            return 0.0
        times = math.ceil(late_by / _DAY) if self.per_day else 1
        points = self.amount.of(max_points) * times
        if self.cap is not None:
            points = min(points, self.cap.of(max_points))
        return round(min(points, max_points), 1)


def _read_amount(text: str, whole: str) -> tuple[Amount, bool]:
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"late: {text!r} in {whole!r} is not understood. {LATE_HELP}")
    amount = Amount(float(found[1]), found[2] == "%")
    if amount.is_percent and amount.number > 100:
        raise ValueError(f"late: {text!r} is more than everything")
    return amount, found[3] is not None


@dataclass(frozen=True)
class DueTimes:
    """When each chapter was due; the key ``""`` holds for the others."""

    by_chapter: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, texts: Sequence[str], chapters: Sequence[str]) -> "DueTimes":
        """Read what ``--due`` was given; raises ``ValueError`` for unknown chapters and bad times.

        >>> DueTimes.read(["2026-03-01T12:00Z"], ["attention"]).of("attention").hour
        12
        """
        times: dict[str, datetime] = {}
        for text in texts:
            chapter, sign, moment = text.partition("=")
            if not sign:
                chapter, moment = "", text
            chapter = chapter.strip()
            if chapter and chapter not in chapters:
                known = ", ".join(chapters)
                raise ValueError(f"due: no chapter is called {chapter!r}; there are {known}")
            if chapter in times:
                raise ValueError(f"due: given twice for {chapter or 'every chapter'}")
            times[chapter] = read_time(moment, "due")
        return cls(times)

    def of(self, chapter: str) -> datetime | None:
        """When this chapter was due, if there is a time for it."""
        return self.by_chapter.get(chapter, self.by_chapter.get(""))

    @property
    def zone(self) -> tzinfo | None:
        """The zone in which times without one are read."""
        return next((moment.tzinfo for moment in self.by_chapter.values()), None)


def in_words(delay: timedelta) -> str:
    """Say a delay as people do.

    >>> in_words(timedelta(days=1, hours=2, minutes=5))
    '1 day 2 h'
    """
    minutes = max(1, int(delay.total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
