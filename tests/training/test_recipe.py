import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from course_lib.assets import checkpoint_path
from course_lib.training import prepare, read_recipe
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss, recipe_documents

RECIPE = """
name = "tiny"
corpus = "{corpus}"
vocab_size = 280
batch_size = 2
validation_tokens = 60
[model]
context_length = 8
d_model = 12
n_heads = 3
n_layers = 1
[training]
n_steps = 4
warmup_steps = 1
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(25):
        text = f"Fellow citizens, this is text number {number} of the year. " * 4
        (folder / f"{number:02}.txt").write_text(text, encoding="utf-8")
    return folder


def recipe_file(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_recipe_runs_and_resumes(tmp_path: Path, corpus: Path) -> None:
    recipe = read_recipe(recipe_file(tmp_path, RECIPE.format(corpus=corpus)))
    run = prepare(recipe, tmp_path / "run")
    assert run.tokenizer.vocab_size == 280
    assert run.tokenizer.special_tokens == {END_OF_TEXT: 279}
    history = list(run.training.steps())
    assert [update.step for update in history] == [1, 2, 3, 4]
    assert history[-1].tokens == 4 * recipe.tokens_per_step == 64
    assert history[0].loss == pytest.approx(math.log(280), abs=0.3)
    again = prepare(recipe, tmp_path / "run")
    assert again.training.step == 4


def test_same_recipe_gives_the_same_weights(tmp_path: Path, corpus: Path) -> None:
    recipe = read_recipe(recipe_file(tmp_path, RECIPE.format(corpus=corpus)))
    weights = []
    for name in ("a", "b"):
        run = prepare(recipe, tmp_path / name)
        list(run.training.steps())
        weights.append(nn.utils.parameters_to_vector(run.model.parameters()))
    assert torch.equal(*weights)


def test_every_twentieth_text_of_a_folder_is_held_out(tmp_path: Path, corpus: Path) -> None:
    recipe = read_recipe(recipe_file(tmp_path, RECIPE.format(corpus=corpus)))
    splits = recipe_documents(recipe)
    assert [document.id for document in splits.validation] == ["00", "20"]
    assert len(splits.train) == 23


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("n_steps = 4", "n_step = 4"), "unknown setting 'n_step'"),
        (("n_heads = 3", "n_heads = 5"), "n_heads must divide d_model"),
        (("[training]", "[trainings]"), "the setting 'training' is missing"),
        (("batch_size = 2", "batch_size = 0"), "batch_size must be at least 1"),
        (("vocab_size = 280", "vocab_size = 0"), "vocab_size must be at least 1"),
        (("[model]", "[model]\nvocab_size = 300"), "leave model.vocab_size out"),
        (('name = "tiny"', "name = tiny"), "not valid TOML"),
    ],
)
def test_mistakes_in_a_recipe_are_named(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = recipe_file(tmp_path, RECIPE.format(corpus="x").replace(*change))
    with pytest.raises(ValueError, match=message) as caught:
        read_recipe(path)
    assert str(path) in str(caught.value)


def test_missing_recipe_and_missing_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no recipe"):
        read_recipe(tmp_path / "none.toml")
    recipe = read_recipe(recipe_file(tmp_path, RECIPE.format(corpus=tmp_path / "none")))
    with pytest.raises(FileNotFoundError, match=r"2 or more \.txt"):
        recipe_documents(recipe)


def test_text_too_poor_for_the_vocabulary_is_refused(tmp_path: Path, corpus: Path) -> None:
    text = RECIPE.format(corpus=corpus).replace("280", "5000")
    with pytest.raises(ValueError, match="pairs for"):
        prepare(read_recipe(recipe_file(tmp_path, text)), tmp_path / "run")


def test_the_courses_own_recipe_is_valid() -> None:
    recipe = read_recipe(checkpoint_path("course-gpt") / "recipe.toml")
    assert recipe.name == "course-gpt"
    assert recipe.corpus == "course"


class Counting(nn.Module):
    """Gives the probability 1/2 to the token after the one read, the rest to token 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, tokens: Tensor) -> Tensor:
        logits = torch.full((*tokens.shape, 64), -1e9)
        logits[..., 0] = 0.0
        return logits.scatter(-1, ((tokens + 1) % 64)[..., None], 0.0)


def test_held_out_loss_is_the_mean_over_all_windows() -> None:
    measure = HeldOutLoss(np.arange(64, dtype=np.uint16), 9, batch_size=2)
    assert sum(t.numel() for t in measure.targets) == 63
    assert measure(Counting()) == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match="do not fill one window"):
        HeldOutLoss(np.arange(9, dtype=np.uint16), 9)
