"""The soft time limit."""

import signal
import time

import pytest

from course_lib.grading.limits import TimeLimitExceededError, time_limit


def test_time_limit_restores_what_was_there():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeLimitExceededError), time_limit(0.05):
        time.sleep(5)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    with pytest.raises(ValueError, match="seconds must be > 0"), time_limit(0.0):
        pass
