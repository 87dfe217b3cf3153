"""What an attempt gets back: one bit, and nothing that would tell how close it was."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """The answer to one attempt.

    Fields:
        text: `supported`, `not yet`, `broke`, or `waiting` for the keeper of a vault.
        look: number of the look, `None` if none was spent.
        tries: looks planned.
        level: share of alpha that the look spent.
        message: one sentence.
    """

    text: str
    look: int | None
    tries: int
    level: float | None
    message: str

    @property
    def supported(self) -> bool:
        """Whether the claim holds."""
        return self.text == "supported"

    def __str__(self) -> str:
        return f"{self.text}: {self.message}"
