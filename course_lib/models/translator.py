"""An encoder–decoder with its vocabulary: texts in, token ids out and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from course_lib.assets import checkpoint_path
from course_lib.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from course_lib.tokenizers import BytePairTokenizer

START, END, PADDING = "<|start|>", "<|end|>", "<|padding|>"


@dataclass(frozen=True)
class Translator:
    """What is needed to translate: a model and the tokenizer that both languages share.

    Raises:
        ValueError: the tokenizer lacks one of the three special tokens, or the model pads with
            another one.
    """

    model: EncoderDecoder
    tokenizer: BytePairTokenizer

    def __post_init__(self) -> None:
        for token in (START, END, PADDING):
            if token not in self.tokenizer.special_tokens:
                raise ValueError(f"tokenizer: the special token {token!r} is missing")
        if self.model.config.padding_id != self.padding:
            raise ValueError(
                f"model: padding_id is {self.model.config.padding_id}, but {PADDING!r} has the id "
                f"{self.padding}"
            )

    @property
    def start(self) -> int:
        """Id of the token that begins what the decoder reads."""
        return self.tokenizer.special_tokens[START]

    @property
    def end(self) -> int:
        """Id of the token that ends a target."""
        return self.tokenizer.special_tokens[END]

    @property
    def padding(self) -> int:
        """Id of the token that fills up short rows."""
        return self.tokenizer.special_tokens[PADDING]

    def encode(self, text: str) -> list[int]:
        """Turn a source into token ids: the text's own, then the end token."""
        return [*self.tokenizer.encode(text), self.end]

    def decode(self, ids: list[int]) -> str:
        """Turn what the decoder wrote into text, without special tokens."""
        special = set(self.tokenizer.special_tokens.values())
        return self.tokenizer.decode([i for i in ids if i not in special]).strip()


def save_translator(
    translator: Translator, folder: str | Path, *, dtype: torch.dtype = torch.float16
) -> None:
    """Write a folder that `load_translator` reads.

    Args:
        translator: what to save.
        folder: made if missing; files of the same names are replaced.
        dtype: of the stored weights.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = translator.model.state_dict()
    weights = {name: tensor.to(dtype).contiguous() for name, tensor in state.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.dumps(translator.model.config.to_dict(), indent=2) + "\n"
    (folder / "config.json").write_text(config, encoding="utf-8")
    translator.tokenizer.save(folder)


def load_translator(folder: str | Path) -> Translator:
    """Read what `save_translator` wrote; the model is in float32 and in evaluation mode.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is damaged, or the weights do not fit the configuration.
    """
    folder = Path(folder)
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = EncoderDecoder(EncoderDecoderConfig.from_dict(values))
    file = folder / "model.safetensors"
    try:
        weights = {name: tensor.float() for name, tensor in load_file(file).items()}
        model.load_state_dict(weights)
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"{file} is damaged or of another model ({error})") from error
    return Translator(model.eval(), BytePairTokenizer.load(folder))


def load_zh_en() -> Translator:
    """Load the course's Chinese–English translator of interface texts, which ships with it."""
    return load_translator(checkpoint_path("zh-en"))
