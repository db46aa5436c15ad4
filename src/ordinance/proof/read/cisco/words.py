"""The words of one command, taken one after the other."""

from __future__ import annotations

from collections.abc import Container, Sequence

from ordinance.proof.read.text import LineError, shown


class Words:
    """A row of words and how far it is read."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._at = 0

    def peek(self) -> str:
        """Return the next word, or "" at the end."""
        return self._words[self._at] if self._at < len(self._words) else ""

    def take(self, what: str) -> str:
        """Return the next word and go on. Raises LineError at the end: `what` must stand there."""
        if self._at >= len(self._words):
            raise LineError(f"the line ends where {what} must stand", "give the whole line; is it cut off?")
        self._at += 1
        return self._words[self._at - 1]

    def has(self, *words: str) -> bool:
        """Go on, and say so, if the next word is one of these."""
        if self.peek() in words and self.peek():
            self._at += 1
            return True
        return False

    def after(self, word: str) -> str:
        """Return the word after the next one, if the next one is this; else ""."""
        return self._words[self._at + 1] if self.peek() == word and self._at + 1 < len(self._words) else ""

    def skip_while(self, of: Container[str]) -> list[str]:
        """Take the words that are among these."""
        taken = []
        while self.peek() and self.peek() in of:
            taken.append(self.take(""))
        return taken

    def rest(self) -> list[str]:
        """Take all words that are left."""
        left = self._words[self._at :]
        self._at = len(self._words)
        return left

    def end(self) -> None:
        """Raise LineError if a word is left."""
        if self.peek():
            raise LineError(f"{shown(self.peek())} stands where the line must end", "take it out, or correct what is before it")
