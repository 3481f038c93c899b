"""The README and conf/abnormal.yaml say what the code does."""

import base64
import json
import re

import pytest
from conftest import PROJECT
from expected import simulated, summary_of
from ruamel.yaml import YAML

from flink_abnormal import errors
from flink_abnormal.formats import Rejected
from flink_abnormal.formats.jsonl import JsonLines
from flink_abnormal.job_cli import job
from flink_abnormal.model import Alert, DeadLetter, Rule, UserEvent
from flink_abnormal.options import default_text
from flink_abnormal.rule import detect
from flink_abnormal.settings import GROUPS, Settings, from_values, options
from flink_abnormal.sources.base import SourceStreams

README = (PROJECT / "README.md").read_text(encoding="utf-8")
EXAMPLE = PROJECT / "conf" / "abnormal.yaml"
LOGINS = JsonLines("login", "status", ("FAIL", "DENIED"))


def json_blocks():
    return [block.splitlines() for block in re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def fields_of(what):
    table = README.split(f"| Field of {what} | Meaning |\n", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_each_option_has_one_row_with_its_group_its_default_and_its_help():
    rows, group = [], None
    for line in README.splitlines():
        if title := re.fullmatch(r"\| \*\*(.+)\*\* \| \| \|", line):
            group = title[1]
        elif row := re.fullmatch(r"\| `(--.+)` \| (.+) \| (.+) \|", line):
            rows.append((group, *row.groups()))

    assert rows == [
        (title, option.flag, default_text(option, default) or "-", option.help)
        for title, _, option, default in options()
    ]
    assert list(dict.fromkeys(title for title, *_ in rows)) == ["Source", *GROUPS]
