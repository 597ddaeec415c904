"""How the learning rate moves during training."""

from __future__ import annotations

import math

from course_lib.config import check_positive


def warmup_cosine(
    step: int,
    *,
    peak: float,
    warmup_steps: int,
    total_steps: int,
    floor: float = 0.0,
) -> float:
    """Rise in a straight line to the peak, then fall along half a cosine to the floor.

    Source: Radford et al. 2018, section 4.1 (2,000 warm-up steps, then a cosine to 0);
    the cosine is that of Loshchilov and Hutter 2017.

    Args:
        step: the update about to be made, counted from 0.
        peak: the highest rate, reached at the last warm-up step.
        warmup_steps: number of rising steps; may be 0.
        total_steps: number of steps in all; the last one has a rate just above the floor.
        floor: the rate at the end.

    Raises:
        ValueError: the steps do not fit each other, or floor is above peak.

    >>> [round(warmup_cosine(s, peak=1, warmup_steps=2, total_steps=6), 3) for s in range(7)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146, 0.0]
    """
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}")
    if not 0 <= warmup_steps < total_steps:
        raise ValueError(
            f"warmup_steps must be at least 0 and below total_steps, "
            f"got warmup_steps={warmup_steps}, total_steps={total_steps}"
        )
    if not 0 <= floor <= peak:
        raise ValueError(f"floor must be between 0 and peak, got floor={floor}, peak={peak}")
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    progress = min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
    return floor + (peak - floor) * 0.5 * (1.0 + math.cos(math.pi * progress))


def inverse_square_root(
    step: int, *, d_model: int, warmup_steps: int, factor: float = 1.0
) -> float:
    """Rise in a straight line, then fall as one over the root of the step.

    factor · d_model^−0.5 · min(s^−0.5, s · warmup_steps^−1.5), with s = step + 1. The highest rate
    is factor / √(d_model · warmup_steps), reached at the last warm-up step. No end is planned:
    the schedule can go on for as long as training does.

    Source: Vaswani et al. 2017, section 5.3, equation 3 (there factor is 1, warmup_steps 4,000).

    Args:
        step: the update about to be made, counted from 0; the paper counts s from 1.
        d_model: D; wider models get smaller rates.
        warmup_steps: number of rising steps, at least 1.
        factor: multiplies every rate.

    Raises:
        ValueError, TypeError: step is negative, a size is below 1, or factor is not positive.

    >>> [round(inverse_square_root(s, d_model=4, warmup_steps=4), 4) for s in (0, 3, 15, 63)]
    [0.0625, 0.25, 0.125, 0.0625]
    """
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}")
    check_positive("d_model", d_model)
    check_positive("warmup_steps", warmup_steps)
    if not factor > 0:
        raise ValueError(f"factor must be above 0, got {factor}")
    count = step + 1
    return factor * float(d_model**-0.5 * min(count**-0.5, count * warmup_steps**-1.5))
