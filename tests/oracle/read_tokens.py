#!/usr/bin/env python3
"""Reads a token set by docs/formats/tokens.md alone and prints what it holds.

A second implementation for the tests: it shares no code with lmpipe. Needs python3-lmdb; checks the
XXH3 checksums only where python3-xxhash is installed. Exit 3: lmdb is not installed.
"""
import hashlib
import struct
import sys

try:
    import lmdb
except ImportError:
    sys.exit(3)
try:
    import xxhash
except ImportError:
    xxhash = None

BLOCK = 262120  # bytes of ids in a full row
ENTRIES = 10921  # documents in a full row


def check(condition, what):
    if not condition:
        sys.exit("not a token set: " + what)


def content(key, row):
    """A row without its checksum, which is compared."""
    check(len(row) >= 8, "size of a row")
    split, kind, number = struct.unpack(">BBQ", key)
    if xxhash:
        got = xxhash.xxh3_64_intdigest(row[:-8], split << 56 | kind << 48 | number)
        check(got == struct.unpack("<Q", row[-8:])[0], "checksum")
    return row[:-8]


def read_rows(path):
    env = lmdb.open(path, subdir=False, readonly=True, lock=False)
    with env.begin() as txn:
        return [(bytes(k), content(k, v)) for k, v in txn.cursor()]


def read_meta(key, meta):
    check(key == b"\xffm" + bytes(8) and len(meta) == 336, "meta row")
    magic, version, width, block, entries, eot, zero, vocab = struct.unpack_from("<8sIIIIIIQ", meta)
    check(magic == b"lmtokens" and version == 2 and zero == 0, "meta row")
    check(block == BLOCK and entries == ENTRIES, "meta row")
    check(width == (2 if vocab <= 65536 else 4), "width")
    return width, eot, vocab, [struct.unpack_from("<QQQ32s32s", meta, 72 + 88 * s) for s in range(3)]


def join(rows, split, kind, full):
    """The rows of one kind, one after the other: all full but the last."""
    mine = [(k, v) for k, v in rows if k[0] == split and k[1:2] == kind]
    for number, (key, value) in enumerate(mine):
        check(key[2:] == struct.pack(">Q", number), "number of a row")
        check(len(value) == full or (number == len(mine) - 1 and 0 < len(value) < full), "size")
    return b"".join(v for _, v in mine)


def main(path):
    rows = read_rows(path)
    check(rows, "no rows")
    check(all(k[0] < 3 and k[1:2] in (b"i", b"t") for k, _ in rows[:-1]), "an unknown row")
    width, eot, vocab, splits = read_meta(*rows[-1])
    print("vocab %d eot %d width %d" % (vocab, eot, width))
    for split, name in enumerate(("train", "valid", "test")):
        ids = join(rows, split, b"t", BLOCK)
        index = join(rows, split, b"i", 24 * ENTRIES)
        count, documents, size, ids_digest, index_digest = splits[split]
        check(hashlib.sha256(ids).digest() == ids_digest, "digest of the ids")
        check(hashlib.sha256(index).digest() == index_digest, "digest of the documents")
        stream = struct.unpack("<%d%s" % (len(ids) // width, "H" if width == 2 else "I"), ids)
        check(all(t < vocab for t in stream), "id outside the vocabulary")
        place = total = 0
        for first, tokens, length, _ in struct.iter_unpack("<QIIQ", index):
            check(first == place and tokens >= 1 and stream[first + tokens - 1] == eot, "documents")
            place += tokens
            total += length
        check((count, documents, size) == (len(stream), len(index) // 24, total), "totals")
        check(place == len(stream), "end of the stream")
        wide = hashlib.sha256(struct.pack("<%dI" % len(stream), *stream)).hexdigest()
        print("%s %d tokens %s %d documents %s"
              % (name, len(stream), wide, documents, index_digest.hex()))
    print("digest " + hashlib.sha256(rows[-1][1]).hexdigest())


main(sys.argv[1])
