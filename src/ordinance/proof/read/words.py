"""The words of a line of iptables-save.

Quoting is iptables-restore's own (`add_param_to_argv` in its source): a word may be put in double quotes, within which a
backslash takes the next character as it is; outside of them neither a backslash nor a single quote means anything.
"""

from __future__ import annotations

from ordinance.proof.read.text import LineError


def words_of(text: str) -> list[str]:
    """Return the words of a line. Raises LineError for a quote that is never closed."""
    if '"' not in text:
        return [word for word in text.replace("\t", " ").split(" ") if word]
    splitter = _Splitter()
    for char in text:
        splitter.take(char)
    if splitter.quoted:
        raise LineError("a quote that is never closed", 'end the text with a second "; is the line cut off?')
    splitter.end_word()
    return splitter.words


class _Splitter:
    """What iptables-restore remembers between two characters."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.quoted = False
        self._escaped = False
        self._word: list[str] | None = None

    def take(self, char: str) -> None:
        if self.quoted:
            self._take_quoted(char)
        elif char == '"':
            self.quoted = True
            self._keep("")
        elif char in " \t":
            self.end_word()
        else:
            self._keep(char)

    def _take_quoted(self, char: str) -> None:
        if self._escaped or char not in '\\"':
            self._keep(char)
            self._escaped = False
        elif char == "\\":
            self._escaped = True
        else:
            self.quoted = False

    def _keep(self, text: str) -> None:
        self._word = [] if self._word is None else self._word
        self._word.append(text)

    def end_word(self) -> None:
        if self._word is not None:
            self.words.append("".join(self._word))
            self._word = None
