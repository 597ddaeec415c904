"""Plain values as bytes and back, for two sides that do not trust each other.

No pickle: a value is a tag, then its data. :func:`decode` reads bytes a stranger may have made. It
checks every size before it allocates, counts what it makes, and raises :class:`CodecError` only.
Numbers are little-endian; a size or a count is an unsigned 64-bit number. Subclasses travel as the
data of their base class; what has no plain form travels as the name of its type.
"""

from course_lib.grading.inside.decoding import decode
from course_lib.grading.inside.encoding import encode
from course_lib.grading.inside.wire import CodecError, Opaque

__all__ = ["CodecError", "Opaque", "decode", "encode"]
