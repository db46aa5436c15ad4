"""From YAML events to the node tree. Problems are gathered, not thrown; only a syntax error ends the reading."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ordinance.errors import Problem
from ordinance.strict.nodes import Entry, Mapping, Node, Rules, Scalar, Sequence
from ordinance.strict.scalars import OddScalarError, check_text, resolve


class TooMuchError(Exception):
    """The file is nested too deeply or grows too large when its aliases are followed."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


class Composer:
    """Builds the tree of one document. Feed it the parser's events; read `problems` afterwards."""

    def __init__(self, file: str, rules: Rules, events: Iterator[yaml.Event]) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._rules = rules
        self._events = events
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0

    def document(self) -> Node | None:
        """Return the one document's root; None for a file without any."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._problem(
                        _line(event), "a second document begins here", "write one document a file, without further `---`"
                    )
                    break
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._count(1, event)
        if depth > self._rules.most_depth:
            raise TooMuchError(_line(event), f"nested more than {self._rules.most_depth} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.NodeEvent)  # noqa: S101 - the parser gives nothing else at this place
        before = self._nodes
        self._check_tag(event)
        node = self._content(event, depth)
        if event.anchor is not None:
            self._anchor(event, node, self._nodes - before + 1)
        return node

    def _content(self, event: yaml.NodeEvent, depth: int) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the three kinds of node are all there are
        return self._scalar(event)

    def _sequence(self, start: yaml.Event, depth: int) -> Sequence:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(tuple(items), _line(start))

    def _mapping(self, start: yaml.Event, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            name = self._key(event, key)
            if name is None:
                continue
            if name in entries:
                self._duplicate(name, _line(event), entries[name].line)
            else:
                entries[name] = Entry(_line(event), value)
        return Mapping(entries, _line(start))

    def _duplicate(self, name: str, line: int, first: int) -> None:
        what = f'the key "{name}" stands twice in one mapping (first on line {first})'
        self._problem(line, what, "keep one of the two")

    def _key(self, event: yaml.Event, key: Node) -> str | None:
        if not isinstance(key, Scalar) or not isinstance(key.value, str):
            self._problem(_line(event), "a key that is not text", "write a word, or quotes around it")
            return None
        if key.value == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
            self._problem(_line(event), "a merge key (`<<`)", "write the keys out")
            return None
        return key.value

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        line = _line(event)
        try:
            block = event.style in ("|", ">")
            check_text(event.value, paragraphs=self._rules.paragraphs and block)
            return Scalar(resolve(event.value) if not event.style else event.value, line)
        except OddScalarError as odd:
            self._problem(line, odd.what, odd.right)
            # Its text stands in, so that reading goes on and finds what else is wrong.
            return Scalar(event.value, line, odd=True)

    def _check_tag(self, event: yaml.NodeEvent) -> None:
        if getattr(event, "tag", None) is not None:
            self._problem(
                _line(event),
                "a YAML tag (`!...`)",
                "write the plain value; secrets are named by reference, as env:NAME or file:PATH",
            )

    def _anchor(self, event: yaml.NodeEvent, node: Node, size: int) -> None:
        if not self._rules.aliases:
            self._problem(_line(event), "an anchor (`&...`)", "write the value out where it is needed")
        self._anchors[str(event.anchor)] = (node, size)

    def _alias(self, event: yaml.AliasEvent) -> Node:
        if not self._rules.aliases:
            self._problem(_line(event), "an alias (`*...`)", "write the value out where it is needed")
            return Scalar(None, _line(event), odd=True)
        node, size = self._anchors.get(str(event.anchor), (None, 0))
        if node is None:
            self._problem(_line(event), "an alias to something that is not there", "name an anchor that stands before it")
            return Scalar(None, _line(event), odd=True)
        self._count(size, event)
        return node

    def _count(self, nodes: int, event: yaml.Event) -> None:
        self._nodes += nodes
        if self._nodes > self._rules.most_nodes:
            raise TooMuchError(_line(event), f"more than {self._rules.most_nodes} values")

    def _problem(self, line: int, what: str, right: str) -> None:
        self.problems.append(Problem(self._file, line, what, right))


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return int(mark.line) + 1 if mark is not None else 0
