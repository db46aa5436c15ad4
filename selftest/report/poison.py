"""Text that would act if a report let it, and a way to put it into every field of a record at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ordinance.judge.verdict import State
from ordinance.record import model

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "script that closes what is around it": "\"'></p></li></title></style></textarea><script src=//x></script>",
    "image with a handler": '<img src=x onerror="alert(1)">',
    "svg with a handler": "<svg onload=alert(1)><path/></svg>",
    "attribute": '" onmouseover="alert(1)" x="',
    "attribute in single quotes": "' autofocus onfocus='alert(1)",
    "style that closes": "</style><style>*{display:none}</style>",
    "link": '<a href="javascript:alert(1)">x</a>',
    "bare address": "javascript:alert(1) https://evil.example/ data:text/html,x",
    "template": "{{ 7*7 }}{% for x in y %}{# #}${7*7}",
    "comment": "--><!-- -->",
    "cdata": "]]><x/><![CDATA[",
    "doctype and entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "entities": "&lt;script&gt;&#60;b&#62;&amp;amp;",
    "processing instruction": "<?xml-stylesheet href='x'?><?php x ?>",
    "iframe": "<iframe srcdoc='<script>1</script>'></iframe><base href=//x><meta http-equiv=refresh content=0>",
    "form": "<form action=//x><input name=id><button formaction=//x>",
    "anchor": '"><h1 id="observation-1">fake headline</h1>',
    "terminal colours and title": "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "terminal by C1": "\x9b31m\x90q\x9c\x85",
    "NUL, DEL, backspace": "a\x00b\x7fc\x08\x08\x08compliant",
    "carriage return": "violated\rcompliant",
    "right to left": "\u202egnp.exe\u202c\u2066x\u2069\u200f\u061c",
    "zero width and tags": "a\u200bb\u200dc\ufeffd\U000e0041\u00ade",
    "line separators": "a\u2028b\u2029c\x0bd\x0ce",
    "surrogate": "\ud83d alone \udfff",
    "noncharacters": "\ufffe\uffff\U0010ffff\ue000",
    "a tower of marks": "Z" + "\u0301" * 200,
    "very long": "A" * 50_000,
    "very long without a break, wide": "漢" * 5_000,
    "percent and braces": "%s%n%(x)s{0}{x.__class__}",
    "markdown": "[x](javascript:alert(1)) ![x](//x) `<b>`",
    "junit end": "</system-out></testcase></testsuite>",
    "hyperlink of a terminal": "\x1b]8;;https://evil.example/\x1b\\compliant\x1b]8;;\x1b\\",
    "clipboard of a terminal": "\x1b]52;c;Y3VybCBldmls\x07",
    "cursor home and erase": "\x1b[H\x1b[J\x1b[1;1Hcompliant",
    "terminal report": "\x1b[6n\x1b[c\x05",
    "alternate screen": "\x1b[?1049h\x1bc",
    "lone introducer": "\x1b",
    "deep nesting": "<b>" * 300,
    "unclosed comment": "<!-- ",
    "unclosed attribute": "<a href='",
    "unclosed style and title": "<style><title>",
    "template element": "<template><script>1</script></template><noscript><p title='</noscript><img src=x>'>",
    "math and annotation": "<math><annotation-xml encoding='text/html'><script>1</script></annotation-xml></math>",
    "entities without an end": "&lt &#x3c &colon; &Tab; &NewLine;",
    "overlong looking": "\u00c0\u00bcscript\u00c0\u00be",
    "full width brackets": "\uff1cscript\uff1ealert(1)",
    "formula": '=HYPERLINK("//evil.example","x")',
    "directives of build servers": "::set-output name=x::y ##[error]z ##teamcity[testFinished]",
}

Change = Callable[[str], str]


def everywhere(record: Any, change: Change) -> Any:
    """The record with `change` applied to every text in it, keys of tables included. Moments and empty texts stay."""
    kind = type(record)
    return msgspec.convert(_changed(msgspec.to_builtins(record), change), kind)


def _changed(value: Any, change: Change) -> Any:
    if isinstance(value, dict):
        return {_key(key, change): _changed(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if isinstance(value, str) and value:
        return change(value)
    return value


#: Names of fields and of what the report looks up: a table with other keys is another record, not a hostile one.
_RECORDS = (
    model.Results, model.RunRecord, model.ClauseRecord, model.CheckRecord, model.ControlRecord, model.EvidenceRecord,
    model.Observation, model.PassageRecord,
)  # fmt: skip
_LOOKED_UP = {"name", "zone", "host", "by", "on", "until", "reference", "state", "ordinance"} | {state.value for state in State}
_FIXED = _LOOKED_UP | {name for record in _RECORDS for name in record.__struct_fields__}


def _key(key: str, change: Change) -> str:
    return key if key in _FIXED else change(key)
