"""A folder of files that can't be read, or not to their end, among good ones."""

import gzip
import os
import zlib

PLAIN = "only UTF-8 text, plain or packed with gzip, is read; nothing of it was read"


def events(user, times=3):
    """Lines of as many abnormal events of a user."""
    return b'{"userId": "%s", "isAbnormal": true}\n' % user.encode() * times


def cut_off(lines, kept):
    """Lines as a gzip archive that ends after `kept` bytes of its content."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(lines[:kept]) + packer.flush(zlib.Z_SYNC_FLUSH)


def write(folder):
    """Fill the folder.

    Returns the users whose three events can be read, and the dead letters as (file name, line, bytes, reason).
    """
    (folder / "deep").mkdir(parents=True)
    good = {
        "good.jsonl": events("good"),
        "packed.jsonl.gz": gzip.compress(events("packed")),
        "twice.jsonl.gz": gzip.compress(events("twice", 2)) + gzip.compress(events("twice", 1)),
        "padded.jsonl.gz": gzip.compress(events("padded")) + bytes(512),
        "login-2024-03-01T09:00:00.jsonl": events("colon"),
        "한글 100%41.jsonl": events("한글"),
        "deep/no-line-break.jsonl": events("deep").rstrip(),
        "empty.jsonl": b"",
        "_hidden.gz": b"no archive",
    }
    damaged = bytearray(gzip.compress(events("damaged")))
    damaged[-6] ^= 255
    bad = {
        "cut-off.jsonl.gz": cut_off(events("cut-off", 4), len(events("cut-off")) + 10),
        "damaged.jsonl.gz": bytes(damaged),
        "behind.jsonl.gz": gzip.compress(events("behind")) + b"more",
        "empty.gz": b"",
        "plain.gz": events("plain"),
        "events.xz": b"\xfd7zXZ\0\0",
        "events.zst": b"(\xb5/\xfd\0",
        "unpacked.zst": events("unpacked"),
        "utf-16.txt": events("utf-16").decode().encode("utf-16"),
        "long.jsonl": events("long", 1) + b"x" * 5_000_000 + b"\n" + events("long", 2),
    }
    for name, content in {**good, **bad}.items():
        (folder / name).write_bytes(content)
    (folder / "dead-link.jsonl").symlink_to("nowhere")
    (folder / "circle.jsonl").symlink_to("circle.jsonl")
    (folder / "deep" / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.jsonl")
    letters = [
        ("cut-off.jsonl.gz", 3, 10, "the gzip archive is cut off; read up to line 3"),
        ("damaged.jsonl.gz", 3, 0, "the gzip archive is damaged (Corrupt GZIP trailer); read up to line 3"),
        ("behind.jsonl.gz", 3, 0, "something other than gzip data follows the gzip archive; read up to line 3"),
        ("empty.gz", None, 0, "empty, not a gzip archive; nothing of it was read"),
        ("plain.gz", None, 0, "not a gzip archive, whatever its name says; nothing of it was read"),
        ("events.xz", None, 0, f"compressed with xz: {PLAIN}"),
        ("events.zst", None, 0, f"compressed with zstd: {PLAIN}"),
        ("unpacked.zst", None, 0, f"by its name, compressed with zstd: {PLAIN}"),
        ("utf-16.txt", None, 0, f"text in UTF-16: {PLAIN}"),
        ("long.jsonl", 2, 5_000_000, "a line of 5000000 bytes; at most 1048576 are read"),
        ("dead-link.jsonl", None, 0, "a link to a file that isn't there; nothing of it was read"),
        ("circle.jsonl", None, 0, "a circular link; nothing of it was read"),
        ("deep/up", None, 0, "a link back to a folder that it lies in; nothing of it was read"),
        ("pipe.jsonl", None, 0, "not a regular file: a pipe, a socket or a device; nothing of it was read"),
    ]
    users = ["good", "packed", "twice", "padded", "colon", "한글", "deep", "cut-off", "damaged", "behind", "long"]
    return sorted(users), sorted((str(folder / name), *rest) for name, *rest in letters)
