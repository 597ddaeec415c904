import pytest
import torch

from course_lib.training import inverse_square_root, warmup_cosine


def test_cosine_part_equals_torchs_annealing() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.5)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20, eta_min=0.05)
    for step in range(20):
        ours = warmup_cosine(step, peak=0.5, warmup_steps=0, total_steps=20, floor=0.05)
        assert ours == pytest.approx(reference.get_last_lr()[0])
        optimizer.step()
        reference.step()


def test_warmup_is_a_straight_line_to_the_peak() -> None:
    rates = [warmup_cosine(s, peak=2.0, warmup_steps=4, total_steps=9) for s in range(4)]
    assert rates == [0.5, 1.0, 1.5, 2.0]


def test_after_the_end_the_floor_stays() -> None:
    assert warmup_cosine(99, peak=2.0, warmup_steps=4, total_steps=9, floor=0.1) == 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": -1, "peak": 1, "warmup_steps": 0, "total_steps": 2}, "step must not"),
        ({"step": 0, "peak": 1, "warmup_steps": 2, "total_steps": 2}, "below total_steps"),
        ({"step": 0, "peak": 1, "warmup_steps": 0, "total_steps": 2, "floor": 2}, "floor must"),
    ],
)
def test_bad_schedules_are_named(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        warmup_cosine(**arguments)


def test_inverse_square_root_is_the_papers_formula() -> None:
    for step in (0, 1, 98, 3999, 4000, 99_999):
        s = step + 1
        expected = 512**-0.5 * min(s**-0.5, s * 4000**-1.5)
        assert inverse_square_root(step, d_model=512, warmup_steps=4000) == expected


def test_inverse_square_root_has_its_peak_at_the_end_of_the_warmup() -> None:
    rates = [inverse_square_root(s, d_model=64, warmup_steps=25, factor=2.0) for s in range(100)]
    assert max(rates) == rates[24] == pytest.approx(2 / (64 * 25) ** 0.5)
    assert rates[0] == pytest.approx(rates[24] / 25)
    assert rates[99] == pytest.approx(rates[24] / 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": -1}, "step must not"),
        ({"d_model": 0}, "d_model must be"),
        ({"warmup_steps": 0}, "warmup_steps must be"),
        ({"factor": 0.0}, "factor must be"),
    ],
)
def test_bad_inverse_square_roots_are_named(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inverse_square_root(**{"step": 0, "d_model": 8, "warmup_steps": 4, **changes})
