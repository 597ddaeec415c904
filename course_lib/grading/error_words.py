"""What a common error message means, in plain words."""

import re

_WORDS = (
    (
        r"RecursionError",
        "The function keeps calling itself. It needs a case that ends the calls, or a loop.",
    ),
    (
        r"UnboundLocalError|referenced before assignment",
        "The name is assigned somewhere in the function, so it is a local one, but this line runs "
        "before that assignment. Give it a first value above.",
    ),
    (
        r"NameError: name '(?P<name>\w+)' is not defined",
        "Nothing is called `{name}` here. A spelling mistake, an import that is missing, or a cell "
        "that has not been run?",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied \((?P<left>\w+) and (?P<right>\w+)\)",
        "In a matrix product the last axis of the left side must be as long as the last but one of "
        "the right side; here they are {left} and {right}. Is a transpose missing?",
    ),
    (
        r"(expected size|size of tensor a) .*(must match|for first)",
        "Two tensors that are combined entry by entry do not fit: counted from the right, axes "
        "must be equal or 1. Print both shapes before this line.",
    ),
    (
        r"shape '\[.*\]' is invalid for input of size",
        "`view` and `reshape` keep the number of entries: the new sizes must multiply to the same "
        "number as the old ones.",
    ),
    (
        r"(not implemented for '(Long|Int|Bool)'|can only be a floating point)",
        "This operation needs decimal numbers, and the tensor holds integers or truth values. "
        "`.float()` turns it into decimals.",
    ),
    (
        r"expected (m1 and m2|scalar type|.*same dtype)|should be the same.*dtype",
        "Two tensors hold different kinds of number. Bring one to the `dtype` of the other.",
    ),
    (
        r"Dimension out of range",
        "The tensor has fewer axes than this `dim` asks for. Print its shape before this line.",
    ),
    (
        r"IndexError|index out of range|out of bounds",
        "A position past the end was asked for. Positions run from 0 to the length minus 1.",
    ),
    (
        r"KeyError: (?P<name>.+)",
        "The dictionary has no key {name}. `.get(key, value)` gives a value for keys that are not "
        "there.",
    ),
    (
        r"'NoneType' object",
        "Something here is `None`: an argument that may be left out, or the result of a function "
        "without a `return`.",
    ),
    (
        r"'(?P<kind>[\w.]+)' object has no attribute '(?P<name>\w+)'",
        "A {kind} has no `.{name}`. Is the value of the type that you think? `type(value)` tells.",
    ),
    (r"object is not callable", "Brackets stand behind something that is not a function."),
    (r"ZeroDivisionError", "A length or a sum is 0 in this case. What should come out then?"),
    (
        r"Boolean value of Tensor with more than one value is ambiguous",
        "`if`, `and` and `or` want one truth value and got many. Use `&`, `|`, `torch.where`, or "
        "`.any()` and `.all()`.",
    ),
    (
        r"only one element tensors can be converted|can only convert an array of size 1",
        "A single number is wanted here and the tensor has several entries.",
    ),
    (
        r"unpack",
        "The number of names on the left of `=` differs from the number of values on the right.",
    ),
    (
        r"requires grad.*in-place|leaf Variable that requires grad",
        "A parameter is changed in place while gradients are recorded: do it under "
        "`torch.no_grad()`.",
    ),
    (r"SystemExit", "`exit()` would end the whole notebook. Use `return`."),
    (r"AssertionError", "An `assert` of your own did not hold in this case."),
)


def in_words(message: str) -> str:
    """Return what an error message means, or an empty text where nothing is known about it.

    >>> in_words("NameError: name 'torhc' is not defined")[:36]
    'Nothing is called `torhc` here. A sp'
    """
    for pattern, words in _WORDS:
        found = re.search(pattern, message)
        if found:
            return words.format(**found.groupdict())
    return ""
