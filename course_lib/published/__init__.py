"""Figures that papers report, each with its unit and its source; the pages print them from here.

A citation is a key of `book/references.bib`.
"""

from course_lib.published.figure import Published as Published
from course_lib.published.gpt1 import *
from course_lib.published.gpt2 import *
from course_lib.published.others import *
from course_lib.published.scaling import *
from course_lib.published.transformer import *
