import pytest

from course_lib.models import chat_prompt


def test_worked_example():
    user = {"role": "user", "content": "Hi!"}
    assert chat_prompt([user]) == (
        "<|im_start|>system\n"
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi!<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    system = {"role": "system", "content": "Be brief."}
    answer = {"role": "assistant", "content": "Hello."}
    assert chat_prompt([system, user, answer], add_generation_prompt=False) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nHi!<|im_end|>\n"
        "<|im_start|>assistant\nHello.<|im_end|>\n"
    )


@pytest.mark.parametrize(
    ("messages", "error", "words"),
    [
        ([], ValueError, "at least one message, got none"),
        ("Hi!", TypeError, "must be a list of messages, got 'Hi!'"),
        ({"role": "user", "content": "Hi!"}, TypeError, "must be a list of messages"),
        (["Hi!"], ValueError, 'message 0 must have "role" and "content"'),
        ([{"role": "user"}], ValueError, 'message 0 must have "role" and "content"'),
        (
            [{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}],
            ValueError,
            "message 1: role must be one of system, user, assistant, got 'robot'",
        ),
        ([{"role": "user", "content": None}], TypeError, "message 0: content must be a text"),
    ],
)
def test_bad_messages(messages, error, words):
    unchecked = getattr(chat_prompt, "__wrapped__", chat_prompt)  # the tests check types too
    with pytest.raises(error, match=words):
        unchecked(messages)
