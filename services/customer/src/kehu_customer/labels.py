"""What a tenant calls things: messages in Chinese name them by their labels, not by their codes."""


class Labelled(str):
    """A code that is told by its Chinese label where a message is in Chinese."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, code: str, zh: str) -> "Labelled":
        """Return the code, which knows its label."""
        labelled = super().__new__(cls, code)
        labelled.zh = zh
        return labelled
