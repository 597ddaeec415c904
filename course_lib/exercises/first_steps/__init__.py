"""Exercise of the first chapter: a warm-up."""

from course_lib.exercises.first_steps import most_probable

EXERCISES = (most_probable.EXERCISE,)
