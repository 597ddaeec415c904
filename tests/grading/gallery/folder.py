"""A class whose folder is full of traps: links, pipes, devices, zip bombs, other people's names.

Everything is graded in one run, as a class is; each student gets what is deserved, and the honest
ones keep what they have.
"""

import io
import json
import os
import socket
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises import get_exercise, solution_source
from course_lib.grading.classroom.class_page import class_page
from course_lib.grading.classroom.exports import STUDENTS, Pages, write_results
from course_lib.grading.classroom.results import SubmissionMarks
from course_lib.grading.classroom.session import ClassResult, grade_class
from course_lib.grading.classroom.similarity import similar_pairs
from course_lib.grading.classroom.store import Settings, results_folder
from course_lib.grading.classroom.student_page import student_page
from tests.grading.gallery.entries import notebook

ID = "first_steps.most_probable"
FILE = "first-steps.ipynb"
RIGHT = notebook(solution_source(get_exercise(ID)), f'check("{ID}", most_probable)')
WRONG = notebook("def most_probable(*given):\n    return -1", f'check("{ID}", most_probable)')


@dataclass(frozen=True)
class Student:
    """One folder of the class: whose, what it holds, what it deserves and why.

    ``deserves`` is in points, or ``None`` where nothing can be graded. ``key`` is in the name of
    this folder and of no other.
    """

    folder: str
    tries: str
    deserves: float | None
    because: str
    make: Callable[[Path], None]
    is_hostile: bool = True
    key: str = ""

    def is_meant(self, path: str) -> bool:
        """Whether a path of the results is one of this student's."""
        return (self.key or self.folder) in path.partition("/")[0]


def students() -> Iterator[Student]:
    """All students; the first two are honest, and must stay as they are."""
    full = float(get_exercise(ID).points)
    for name in ("bob", "alice"):
        yield Student(name, "hands in", full, "it is right", _file(FILE, RIGHT), is_hostile=False)
    for folder, tries, because, make in _HOSTILE:
        yield Student(folder, tries, None, because, make)
    for folder, tries, because, make in _WRONG:
        yield Student(folder, tries, 0.0, because, make)
    for folder, key, tries, because, make in _HARMLESS:
        yield Student(folder, tries, full, because, make, key=key)
    for folder, has, because, make in _UNLUCKY:
        yield Student(folder, has, full, because, make, is_hostile=False)


def make_class(folder: Path) -> list[Student]:
    """Write the whole class into a folder; returns its students."""
    made = list(students())
    for student in made:
        home = folder / student.folder
        home.mkdir(parents=True)
        student.make(home)
    return made


def graded(folder: Path, out: Path) -> tuple[ClassResult, list[str]]:
    """Grade the class and write all results; returns the result and the troubles."""
    settings = Settings(out)
    with results_folder(out):
        result = grade_class([folder], settings)
        return result, _written(result, settings)


def _written(result: ClassResult, settings: Settings) -> list[str]:
    pages = Pages(student_page, lambda m, p: class_page(m, p, page_folder=STUDENTS), similar_pairs)
    return write_results(result, settings, pages)


def given(result: ClassResult, student: Student) -> list[SubmissionMarks]:
    """What the results hold of a student's files."""
    return [one for one in result.marks if student.is_meant(one.file)]


def _file(name: str, content: bytes) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)

    return make


def _all(*makers: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        for maker in makers:
            maker(home)

    return make


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda home: (home / name).symlink_to(target)


def _pipe(home: Path) -> None:
    os.mkfifo(home / FILE)


def _unix_socket(home: Path) -> None:
    here = Path.cwd()
    os.chdir(home)  # the path of a socket has to be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(FILE)
    finally:
        os.chdir(here)


def _device(home: Path) -> None:
    try:
        os.mknod(home / FILE, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except OSError:
        (home / FILE).symlink_to("/dev/zero")


def _sparse(home: Path) -> None:
    with (home / FILE).open("wb") as file:
        file.write(RIGHT)
        file.truncate(300 << 20)


def _packed(*members: tuple[str, bytes], attributes: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = attributes << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def _zip(*members: tuple[str, bytes], attributes: int = 0) -> Callable[[Path], None]:
    return lambda home: _file("work.zip", _packed(*members, attributes=attributes))(home)


def _nested(depth: int) -> Callable[[Path], None]:
    def make(home: Path) -> None:
        content = _packed((FILE, RIGHT))
        for _ in range(depth - 1):
            content = _packed(("inner.zip", content))
        (home / "work.zip").write_bytes(content)

    return make


def _bomb(home: Path) -> None:
    (home / "work.zip").write_bytes(_packed((FILE, bytes(140 << 20))))


def _lying_bomb(home: Path) -> None:
    """A zip whose headers say that 100 bytes are inside."""
    size = 60 << 20
    content = _packed((FILE, RIGHT + b" " * size))
    true = (len(RIGHT) + size).to_bytes(4, "little")
    (home / "work.zip").write_bytes(content.replace(true, (100).to_bytes(4, "little")))


def _huge_directory(home: Path) -> None:
    """A zip whose end says that its list of files takes a gigabyte."""
    content = bytearray(_packed((FILE, RIGHT)))
    end = content.rindex(b"PK\x05\x06")
    content[end + 12 : end + 16] = (1 << 30).to_bytes(4, "little")
    (home / "work.zip").write_bytes(content)


def _encrypted(home: Path) -> None:
    content = bytearray(_packed((FILE, RIGHT)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (home / "work.zip").write_bytes(content)


def _tar(home: Path) -> None:
    with tarfile.open(home / "work.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("../bob/" + FILE)
        info.size = len(WRONG)
        archive.addfile(info, io.BytesIO(WRONG))


def _said(content: bytes, name: str) -> bytes:
    stored = json.loads(content)
    stored["metadata"] |= {"authors": [{"name": name}], "student": name, "student_id": name}
    return json.dumps(stored).encode()


_DEEP = "/".join(["deeper"] * 30)
_Made = tuple[str, str, str, Callable[[Path], None]]

_HOSTILE: tuple[_Made, ...] = (
    ("carl", "a link to bob's notebook", "links are not followed", _link(FILE, f"../bob/{FILE}")),
    ("dora", "a link to bob's folder", "links are not followed", _link("work", "../bob")),
    ("emil", "a link to a file of the system", "links are not followed",
     _link(FILE, "/etc/passwd")),
    ("fred", "a pipe, so that the reader waits for ever", "only files are read", _pipe),
    ("gina", "a socket in place of a file", "only files are read", _unix_socket),
    ("hugo", "a device that never ends", "only files are read", _device),
    ("iris", "a file of 300 megabytes", "files have a limit", _sparse),
    ("jack", "a zip bomb", "what unpacks to too much is not read", _bomb),
    ("kira", "a zip bomb that lies about its size", "what is unpacked is counted", _lying_bomb),
    ("liam", "a zip with paths into bob's folder", "paths may not lead out",
     _zip((f"../bob/{FILE}", WRONG), (f"../../bob/{FILE}", WRONG))),
    ("mona", "a zip with an absolute path, one of Windows too", "paths may not lead out",
     _zip((f"/tmp/{FILE}", WRONG), (f"C:\\bob\\{FILE}", WRONG), (f"..\\bob\\{FILE}", WRONG))),
    ("nils", "a zip that holds a link", "links are not followed",
     _zip((FILE, b"/etc/passwd"), attributes=0o120777)),
    ("olga", "zips in zips, five deep", "only one zip in a zip is read", _nested(5)),
    ("paul", "a zip with a password", "it cannot be read", _encrypted),
    ("rosa", "a zip that says it holds millions of files", "its list has a limit",
     _huge_directory),
    ("sven", "a tar that unpacks into bob's folder", "only zips are read", _tar),
    ("tina", "a pickle named as a notebook", "nothing is unpickled",
     _file(FILE, b"\x80\x04\x95cos\nsystem\n(S'touch /tmp/gallery-was-here'\ntR.")),
    ("ugur", "brackets without an end in place of a notebook", "it is no notebook",
     _file(FILE, b"[" * 500_000)),
    ("vera", "Python that overflows the parser", "it is no notebook",
     _file(FILE, b"most_probable = " + b"-" * 200_000 + b"1")),
    ("walt", "Python that overflows whoever walks its tree", "there is no solution in it",
     _file(FILE, b"y = 1" + b"+1" * 100_000)),
    ("xena", "a notebook in folders thirty deep", "folders have a limit",
     _file(f"{_DEEP}/{FILE}", RIGHT)),
)  # fmt: skip
_WRONG: tuple[_Made, ...] = (
    ("yuri", "a notebook that says it is bob's", "the folder says whose it is",
     _file(FILE, _said(WRONG, "bob"))),
    ("zora", "a zip with a folder named as bob", "the outer folder says whose it is",
     _zip((f"bob/{FILE}", WRONG))),
    ("abel", "a file named as bob's in its own folder", "the outer folder says whose it is",
     _file(f"bob_{FILE}", WRONG)),
)  # fmt: skip
_HARMLESS: tuple[tuple[str, str, str, str, Callable[[Path], None]], ...] = (
    ('=HYPERLINK("http:evil","bert")', "bert", "a name that is a formula",
     "in the table it is a text", _file(FILE, RIGHT)),
    ("@SUM(1+9)*cmd|' C calc'!A0 cleo", "cleo", "a name that starts a program",
     "in the table it is a text", _file(FILE, RIGHT)),
    ("<img src=x onerror=alert('gallery')> dave", "dave", "a name that is markup",
     "on the pages it is a text", _file(FILE, RIGHT)),
    ("\u202eelle\u2066\x1b[2J\n", "elle", "a name that turns text around and clears the screen",
     "such characters are taken out", _file(FILE, RIGHT)),
    ("finn", "finn", "a folder that holds a link to itself", "links are not followed",
     _all(_file(FILE, RIGHT), _link("again", "."))),
    ("gwen", "gwen", "links named as notebooks beside the right one", "links are not followed",
     _all(_file(FILE, RIGHT), _link("first-steps-2.ipynb", "/dev/zero"))),
)  # fmt: skip
_UNLUCKY: tuple[_Made, ...] = (
    ("hans", "a zip in a zip", "one zip in a zip is read", _nested(2)),
    ("ines", "a zip as macOS makes it", "its clutter is passed over",
     _zip((f"ines/{FILE}", RIGHT), (f"__MACOSX/ines/._{FILE}", b"\0\5\x16\7"))),
    ("jose", "a checkpoint beside the notebook", "checkpoints are passed over",
     _all(_file(FILE, RIGHT),
          _file(".ipynb_checkpoints/first-steps-checkpoint.ipynb", WRONG))),
    ("kurt", "capitals and blanks in the name", "it is found all the same",
     _file("First Steps (final).IPYNB", RIGHT)),
    ("lena", "a name in Chinese", "what it holds tells the chapter",
     _file("作业一.ipynb", RIGHT)),
    ("marc", "an empty file beside the right one", "what can be read counts",
     _all(_file(FILE, RIGHT), _file("first-steps (1).ipynb", b""))),
)  # fmt: skip
