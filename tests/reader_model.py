"""What the reader hands over with each line of a file: the reference that the parsers are held against."""

import re

MONTH = re.compile(rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? +\d{1,2} ")
REPETITION = re.compile(rb"last message (?:repeated|')", re.IGNORECASE)
ATTEMPT = re.compile(rb"PAM: |Failed keyboard-interactive/pam for ")


def read(lines):
    """Yield (line, before, first) for the lines of one file."""
    first = b""
    for number, line in enumerate(lines):
        first = first or (line[:64] if MONTH.search(line[:64]) else b"")
        yield line, _before(line, lines[:number]), first


def _before(line, earlier):
    if (found := REPETITION.search(line)) is not None:
        return _repeated(line[: found.start()], [each for each in earlier if not REPETITION.search(each)])
    if b"Failed keyboard-interactive/pam for " in line:
        same = [each for each in earlier if ATTEMPT.search(each) and _process(each) == _process(line)]
        return same[-1] if same else b""
    return b""


def _repeated(front, earlier):
    tokens = [token for token in front.split() if token.strip(b"-")]
    if tokens and re.search(rb"sshd|syslogd", tokens[-1]):
        tokens.pop()
    if tokens and not re.search(rb"\d\d:\d\d:\d\d", tokens[-1]):
        host = tokens[-1].rstrip(b":")
        earlier = [each for each in earlier if host in [token.rstrip(b":") for token in each.split()]]
    return earlier[-1] if earlier else b""


def _process(line):
    tokens = line[: ATTEMPT.search(line).start()].split()
    for index, token in enumerate(tokens):
        if b"sshd" in token:
            behind = tokens[index + 1 : index + 2] if b"[" not in token else []
            return tokens[max(index - 1, 0) : index + 1] + behind
    return []
