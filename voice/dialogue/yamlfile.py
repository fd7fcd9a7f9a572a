"""Content files in YAML, with the line of every value, so that a mistake can be pointed at.

Plain `yes`, `no`, `on` and `off` stay words here; only `true` and `false` are booleans.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from voice.errors import UserError

T = TypeVar("T")

_UNKNOWN = re.compile(r"unknown field `(.+)`$")


class Mistake(msgspec.Struct, frozen=True, order=True):
    """Something wrong in a content file."""

    file: str
    line: int
    """Counted from 1."""
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class ContentError(UserError):
    """Content that cannot be used; one line for every mistake."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class Document:
    """A parsed file: `data` in plain Python types, and the line of every path inside it.

    Paths are written as msgspec writes them: `$.steps[0].say`.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text
        self._mistakes: list[Mistake] = []
        try:
            node = _composed(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise ContentError([Mistake(file, mark.line + 1 if mark else 1, _why(error))]) from None
        except yaml.YAMLError as error:
            raise ContentError([Mistake(file, 1, f"not readable as YAML: {error}")]) from None
        try:
            self.data: Any = None if node is None else self._value(node)
        except RecursionError:
            mistake = Mistake(file, 1, "refers to itself or is nested too deep")
            raise ContentError([mistake]) from None
        if self._mistakes:
            raise ContentError(self._mistakes)

    @cached_property
    def lines(self) -> dict[str, int]:
        """The line of every path; worked out when one is asked for, which is mostly never."""
        node = _composed(self._text)
        return {"$": 1} if node is None else dict(_lines(node, "$"))

    def line(self, path: str) -> int:
        """The line of a path, or of the nearest thing around it."""
        while path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self.lines[path]

    def mistake(self, path: str, reason: str) -> Mistake:
        """A mistake at a path of this file."""
        return Mistake(self.file, self.line(path), reason)

    def convert(self, value: Any, into: type[T], path: str = "$") -> T:
        """Turn plain data found at `path` into a typed value; raises ContentError."""
        try:
            return msgspec.convert(value, into)
        except msgspec.ValidationError as error:
            reason, _, inner = str(error).partition(" - at `$")
            where = path + inner.rstrip("`")
            if unknown := _UNKNOWN.search(reason):
                where += f".{unknown[1]}"
            raise ContentError([self.mistake(where, reason)]) from None

    def _value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item) for item in node.value]
        quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
        return _scalar(node.tag, node.value, quoted)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                line = key.start_mark.line + 1
                self._mistakes.append(Mistake(self.file, line, f"`{name}` stands here twice"))
            found[name] = self._value(value)
        return found


def read(file: Path, name: str | None = None) -> Document:
    """Read one file; `name` is what mistakes call it. Raises ContentError."""
    name = name or str(file)
    try:
        return Document(name, file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContentError([Mistake(name, 1, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ContentError([Mistake(name, 1, f"is not UTF-8 text: {error.reason}")]) from None


def _composed(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _lines(node: yaml.Node, path: str) -> Iterator[tuple[str, int]]:
    """The paths inside a node, each with its line; a name's value has the line of the name."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _lines(value, f"{path}.{key.value}")
            yield f"{path}.{key.value}", key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, f"{path}[{index}]")


def _scalar(tag: str, text: str, quoted: bool) -> Any:
    kind = tag.rpartition(":")[2]
    if quoted or kind not in ("int", "float", "null", "bool"):
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return {"true": True, "false": False}.get(text, text)
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        return text


def _why(error: yaml.MarkedYAMLError) -> str:
    return " ".join(part for part in (error.context, error.problem) if part) or "not valid YAML"
