"""From the node tree to msgspec Structs, gathering every problem: unknown keys, missing keys, wrong kinds, bad values.

The structs are the file format and also give the JSON Schema. `Annotated[str, Meta(description=...), Leaf(check)]` says
what a value must be; the description is what an error names as right.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from ordinance.errors import Problem
from ordinance.strict.nodes import Mapping, Node, Scalar, Sequence, plain


class WrongError(ValueError):
    """A value is not what it must be. `what` is a sentence without the value of a secret; `right` overrides the description."""

    def __init__(self, what: str, right: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.right = right


@dataclass(frozen=True, slots=True)
class Leaf:
    """A check of one text value beyond its kind; `check` raises WrongError."""

    check: Callable[[str], object]


class _Bad:
    """Stands for a value that could not be built."""


BAD = _Bad()


def build(node: Node, kind: Any, file: str, problems: list[Problem]) -> Any:
    """Return `node` as `kind`, adding what is wrong to `problems`. The result is only meant for use when there are none."""
    return _Builder(file, problems).value(node, kind, "")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` may have been meant as."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


class _Builder:
    def __init__(self, file: str, problems: list[Problem]) -> None:
        self._file = file
        self._problems = problems

    def value(self, node: Node, kind: Any, where: str) -> Any:
        """Return `node` as `kind`, or BAD."""
        if isinstance(node, Scalar) and node.odd:
            return BAD
        base, extras = _unwrap(kind)
        if get_origin(base) in (Union, types.UnionType):
            if isinstance(node, Scalar) and node.value is None:
                return None
            base, more = _unwrap(next(arm for arm in get_args(base) if arm is not type(None)))
            extras = (*extras, *more)
        if isinstance(base, type) and issubclass(base, msgspec.Struct):
            return self._struct(node, base, where)
        origin = get_origin(base)
        if origin is list:
            return self._list(node, get_args(base)[0], where)
        if origin is dict:
            return self._dict(node, get_args(base), where)
        return self._leaf(node, base, extras, where)

    def _struct(self, node: Node, kind: type[msgspec.Struct], where: str) -> Any:
        if not isinstance(node, Mapping):
            return self._bad(node.line, where, f"expected keys and values, got {_name(node)}", f"keys: {_keys(kind)}")
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        self._unknown(node, kind, list(fields), where)
        built = {}
        for name, field in fields.items():
            if name in node.entries:
                built[field.name] = self.value(node.entries[name].node, field.type, _join(where, name))
            elif field.required:
                right = f"write {name}: {_describe(field.type)}".rstrip(": ")
                built[field.name] = self._bad(node.line, where, f'the key "{name}" is missing', right)
        return BAD if any(value is BAD for value in built.values()) else kind(**built)

    def _unknown(self, node: Mapping, kind: type[msgspec.Struct], known: list[str], where: str) -> None:
        for key, entry in node.entries.items():
            prefix = getattr(kind, "ignored_prefix", None)
            if key in known or (prefix and key.startswith(prefix)):
                continue
            guess = nearest(key, known)
            right = f'did you mean "{guess}"?' if guess else f"known keys: {', '.join(known)}"
            self._bad(entry.line, where, f"unknown key {_shown(key)}", right)

    def _list(self, node: Node, kind: Any, where: str) -> Any:
        if not isinstance(node, Sequence):
            return self._bad(
                node.line,
                where,
                f"expected a list, got {_name(node)}",
                f"write a list, each item {_describe(kind) or 'on its own line'}",
            )
        built = [self.value(item, kind, f"{where}[{index}]") for index, item in enumerate(node.items)]
        return BAD if any(value is BAD for value in built) else built

    def _dict(self, node: Node, kinds: tuple[Any, ...], where: str) -> Any:
        if not isinstance(node, Mapping):
            return self._bad(
                node.line, where, f"expected names and values, got {_name(node)}", "write each name with a colon on its own line"
            )
        built = {}
        for key, entry in node.entries.items():
            name = self._leaf(Scalar(key, entry.line), *_unwrap(kinds[0]), where)
            built[key] = self.value(entry.node, kinds[1], _join(where, key)) if name is not BAD else BAD
        return BAD if any(value is BAD for value in built.values()) else built

    def _leaf(self, node: Node, base: Any, extras: tuple[Any, ...], where: str) -> Any:
        metas = tuple(extra for extra in extras if isinstance(extra, msgspec.Meta))
        right = _described(metas)
        try:
            value = _convert(node, base, metas)
            for extra in extras:
                if isinstance(extra, Leaf):
                    extra.check(value)
        except WrongError as wrong:
            return self._bad(node.line, where, wrong.what, wrong.right or (f"it must be {right}" if right else _kind_right(base)))
        return value

    def _bad(self, line: int, where: str, what: str, right: str) -> _Bad:
        self._problems.append(Problem(self._file, line, f"{where}: {what}" if where else what, right))
        return BAD


def _convert(node: Node, base: Any, metas: tuple[Any, ...]) -> Any:
    if base is Any:
        return plain(node)
    if not isinstance(node, Scalar):
        raise WrongError(f"expected {_kind_word(base)}, got {_name(node)}")
    value = node.value
    if get_origin(base) is Literal:
        return _choice(value, get_args(base))
    if (isinstance(value, bool) and base is not bool) or not isinstance(value, (int, float) if base is float else base):
        raise WrongError(f"expected {_kind_word(base)}, got {_name(node)}")
    for meta in metas:
        try:
            msgspec.convert(value, Annotated[base, meta])
        except msgspec.ValidationError as error:
            raise WrongError(str(error).replace("`", "").replace("Expected", "expected")) from None
    return float(value) if base is float else value


def _choice(value: Any, choices: tuple[Any, ...]) -> Any:
    if value in choices and type(value) in {type(choice) for choice in choices}:
        return value
    guess = nearest(str(value), [str(choice) for choice in choices])
    meant = f' (did you mean "{guess}"?)' if guess else ""
    raise WrongError("not one of the words that may stand here", f"write {' or '.join(str(choice) for choice in choices)}{meant}")


def _unwrap(kind: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(kind) is Annotated:
        base, *extras = get_args(kind)
        return base, tuple(extras)
    return kind, ()


def _described(extras: Iterable[Any]) -> str:
    return next((extra.description for extra in extras if isinstance(extra, msgspec.Meta) and extra.description), "")


def _describe(kind: Any) -> str:
    base, extras = _unwrap(kind)
    if get_origin(base) in (Union, types.UnionType):
        return _described(extras) or _describe(next(arm for arm in get_args(base) if arm is not type(None)))
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        return f"with the keys {_keys(base)}"
    return _described(extras)


def _keys(kind: type[msgspec.Struct]) -> str:
    return ", ".join(field.encode_name for field in msgspec.structs.fields(kind))


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _shown(key: str) -> str:
    longest = 60
    return f'"{key}"' if len(key) <= longest else f'"{key[:longest]}..."'


def _name(node: Node) -> str:
    if isinstance(node, Mapping):
        return "keys and values"
    if isinstance(node, Sequence):
        return "a list"
    return "nothing" if node.value is None else _kind_word(type(node.value))


def _kind_word(base: Any) -> str:
    return {str: "text", int: "a whole number", float: "a number", bool: "true or false"}.get(base, "one of a few words")


def _kind_right(base: Any) -> str:
    return f"write {_kind_word(base)}" + (", in quotes when it looks like a number" if base is str else "")
