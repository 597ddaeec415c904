"""SmolLM2-135M-Instruct, a published model of today's kind."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from course_lib.assets import AssetError, asset_path, converted_folder
from course_lib.models.llama import load_llama
from course_lib.models.transformer import Transformer

CONVERTED_BYTES = 275_000_000
"""Room that the converted model takes on the disk."""


def load_smollm2() -> tuple[Any, Any]:
    """Load SmolLM2-135M-Instruct (Allal et al. 2025) as a `transformers` model and tokenizer.

    The fetched file holds 4-bit weights. `prepare_smollm2` has unpacked them once; if not, this
    call does it first, which takes about half a minute.

    Returns:
        The model in float32 and in evaluation mode, and its tokenizer.

    Raises:
        AssetMissingError: the model was not fetched yet.
        AssetError: it cannot be unpacked here.
    """
    from transformers import AutoModelForCausalLM

    folder = prepare_smollm2()
    with _quietly():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return model.eval(), _tokenizer(folder)


def load_course_smollm2() -> tuple[Transformer, Any]:
    """Load the same weights into the course's own `Transformer`.

    Returns:
        The model in float32 and in evaluation mode, and the tokenizer of `load_smollm2`.

    Raises:
        AssetMissingError: the model was not fetched yet.
        AssetError: it cannot be unpacked here.
    """
    folder = prepare_smollm2()
    return load_llama(folder), _tokenizer(folder)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    with _quietly():
        return AutoTokenizer.from_pretrained(folder)


def prepare_smollm2(
    *,
    convert: Callable[[Path, Path], None] | None = None,
    on_start: Callable[[], None] | None = None,
) -> Path:
    """Unpack the 4-bit weights of SmolLM2 to 16-bit safetensors, unless that was done before.

    The folder appears in one step when it is whole, so an interruption leaves nothing half-made;
    of two processes at once, the second waits and uses what the first has made.

    Args:
        convert: reads the first folder and fills the second; by default with `transformers`.
        on_start: called once before the work begins, for a message to a waiting user.

    Returns:
        The folder with `model.safetensors`, `config.json` and the tokenizer's files.

    Raises:
        AssetMissingError: the model was not fetched yet.
        AssetError: the disk is full, or the cache folder cannot be written.
    """
    from filelock import FileLock

    source = asset_path("smollm2")
    final = converted_folder("smollm2")
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(final.with_name(f"{final.name}.lock")):
            if not final.is_dir():  # else another process has made it meanwhile
                if on_start is not None:
                    on_start()
                _fill(final, partial(convert or _convert, source))
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AssetError(
            f"SmolLM2 cannot be unpacked into {final}: {reason}. It takes "
            f"{CONVERTED_BYTES / 1e6:.0f} MB; make room there, or set COURSE_LIB_HOME to another "
            f"folder and fetch again: python -m course_lib fetch smollm2"
        ) from error
    return final


def _fill(final: Path, fill: Callable[[Path], None]) -> None:
    """Make the folder whole or not at all; the caller holds the lock."""
    work = final.with_name(f"{final.name}.partial")
    shutil.rmtree(work, ignore_errors=True)  # left by a process that was killed
    if shutil.disk_usage(final.parent).free < CONVERTED_BYTES:
        raise OSError(errno.ENOSPC, "no space left on the disk")
    work.mkdir()
    try:
        fill(work)
        work.rename(final)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _convert(source: Path, target: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (gguf,) = source.rglob("*.gguf")
    with _quietly():
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.float16
        )
        model.hf_quantizer = None  # the weights are plain numbers by now
        del model.config.quantization_config
        model.save_pretrained(target)
        AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(target)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep the progress bars and remarks of `transformers` off the page, errors excepted."""
    from transformers import modeling_gguf_pytorch_utils as gguf_reader
    from transformers.utils import logging

    level, had_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    bar = getattr(gguf_reader, "tqdm", None)  # its bar knows no switch
    if bar is not None:
        gguf_reader.tqdm = partial(bar, disable=True)
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if had_bars:
            logging.enable_progress_bar()
        if bar is not None:
            gguf_reader.tqdm = bar
