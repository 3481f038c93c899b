"""Why a run may have understood nothing of its input: a diagnosis of the first unusable line."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import orjson

from flink_abnormal.pipeline.formats import fields, syslog

_BEGINNING: Final = 8192
_RECORDS: Final = re.compile(r'\{\s*"(\w+)"\s*:\s*\[\s*\{')
_WRAPPERS: Final = ("log", "MESSAGE", "message")  # Docker's files, journalctl -o json, log shippers
_NAME_THEM: Final = (
    "name the fields with --user-field and --abnormal-field, and the values with --abnormal-values or --normal-values"
)
_SSHD: Final = (
    "--format sshd reads what sshd writes, such as "
    "'Mar  1 09:00:01 host sshd[1]: Failed password for kim from 192.0.2.7 port 22 ssh2'"
)


class Diagnosis(NamedTuple):
    """The fields of the line's JSON object, and a hint to the user."""

    fields: list[str]
    hint: str


def diagnose(format_name: str, line: bytes) -> Diagnosis:
    """Diagnose a line that is not an event of the format."""
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line[:_BEGINNING]:
        return Diagnosis([], "it looks like UTF-16: iconv -f UTF-16 -t UTF-8 FILE > FILE.jsonl")
    text = line[:_BEGINNING].decode(errors="replace").strip("\ufeff \t\r\n")
    record = _json(line)
    if format_name == "sshd":
        return Diagnosis(fields.paths(record), _of_sshd(text, record))
    if isinstance(record, dict):
        return Diagnosis(fields.paths(record), _of_object(record))
    return Diagnosis([], _of_text(text, record))


def _json(line: bytes) -> Any:
    try:
        return orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None


def _of_sshd(text: str, record: Any) -> str:
    for name in _WRAPPERS:
        if isinstance(record, dict) and isinstance(record.get(name), str):
            return f"what sshd writes is in the field {name!r}: extract it with jq -r .{name} FILE > FILE.log"
    return "it looks like JSON: leave --format sshd out" if text.startswith(("{", "[")) else _SSHD


def _of_object(record: dict[str, Any]) -> str:
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return _of_records(name)
    return _NAME_THEM


def _of_records(name: str) -> str:
    return f"the records are in the array {name!r}: extract them with jq -c '.{name}[]' FILE > FILE.jsonl"


def _of_text(text: str, record: Any) -> str:
    if isinstance(record, list):
        return "it is a JSON array, and each object must be on a line of its own: jq -c '.[]' FILE > FILE.jsonl"
    if (records := _RECORDS.match(text)) is not None:
        return _of_records(records[1])
    if text.startswith("["):
        return "it looks like a JSON array, and each object must be on a line of its own: jq -c '.[]' FILE > FILE.jsonl"
    if text[:1] in {"{", '"', "}"}:
        return "it looks like pretty-printed JSON, and each object must be on one line: jq -c . FILE > FILE.jsonl"
    header = syslog.header(text)
    if header is not None and header.tagged:
        return "it looks like sshd's log: add --format sshd"
    if text.endswith("}") and isinstance(_json(text[text.find("{") :].encode()), dict):
        return "something precedes its JSON object: remove that"
    return "--format jsonl reads one JSON object per line"
