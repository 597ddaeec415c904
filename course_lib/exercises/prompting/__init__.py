"""Exercises of the chapter on prompting: one file each."""

from course_lib.exercises.prompting import (
    calibrated_choice,
    cut_summary,
    few_shot_prompt,
    induction_score,
    order_spread,
)

EXERCISES = (
    few_shot_prompt.EXERCISE,
    calibrated_choice.EXERCISE,
    order_spread.EXERCISE,
    induction_score.EXERCISE,
    cut_summary.EXERCISE,
)
