"""ChatML: how a conversation is written as one text for SmolLM2 to continue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ROLES = ("system", "user", "assistant")
START, END = "<|im_start|>", "<|im_end|>"
"""Around each message; one token each. `END` is also the token at which an answer stops."""
DEFAULT_SYSTEM_MESSAGE = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def chat_prompt(
    messages: Sequence[Mapping[str, str]], *, add_generation_prompt: bool = True
) -> str:
    r"""Write messages as SmolLM2-Instruct was trained to read them.

    Each is written as `<|im_start|>role`, a new line, the text, `<|im_end|>`, a new line. Where
    the first is not from the system, `DEFAULT_SYSTEM_MESSAGE` comes before it. Texts are not
    changed: one that holds `<|im_end|>` ends its message early, as with the model's own template.

    Args:
        messages: each with a "role" ("system", "user" or "assistant") and its text as "content".
        add_generation_prompt: end with the start of the assistant's message, which the model is
            then to go on with.

    Raises:
        ValueError, TypeError: there are no messages, or one has not these two, both texts, or its
            role is none of the three.

    >>> print(chat_prompt([{"role": "system", "content": "Be brief."},
    ...                    {"role": "user", "content": "Hi!"}]), end="")
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hi!<|im_end|>
    <|im_start|>assistant
    """
    if isinstance(messages, str | Mapping):
        raise TypeError(f"messages must be a list of messages, got {messages!r}")
    if not messages:
        raise ValueError("messages must hold at least one message, got none")
    for index, message in enumerate(messages):
        _check(index, message)
    if messages[0]["role"] != "system":
        messages = [{"role": "system", "content": DEFAULT_SYSTEM_MESSAGE}, *messages]
    text = "".join(f"{START}{m['role']}\n{m['content']}{END}\n" for m in messages)
    return f"{text}{START}assistant\n" if add_generation_prompt else text


def _check(index: int, message: object) -> None:
    if not isinstance(message, Mapping) or not {"role", "content"} <= set(message):
        raise ValueError(f'message {index} must have "role" and "content", got {message!r}')
    if message["role"] not in ROLES:
        raise ValueError(
            f"message {index}: role must be one of {', '.join(ROLES)}, got {message['role']!r}"
        )
    if not isinstance(message["content"], str):
        raise TypeError(f"message {index}: content must be a text, got {message['content']!r}")
