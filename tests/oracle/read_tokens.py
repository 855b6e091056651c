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

BLOCK = 262128


def xxh3(data):
    return xxhash.xxh3_64_intdigest(data) if xxhash else None


def check(condition, what):
    if not condition:
        sys.exit("not a token set: " + what)


def checksum(data, want, what):
    got = xxh3(data)
    check(got is None or got == want, what)


def read_rows(path):
    env = lmdb.open(path, subdir=False, readonly=True, lock=False)
    with env.begin() as txn:
        return [(bytes(k), bytes(v)) for k, v in txn.cursor()]


def digest(rows):
    h = hashlib.sha256()
    for key, value in rows:
        h.update(struct.pack("<I", len(key)) + key + struct.pack("<Q", len(value)) + value)
    return h.hexdigest()


def read_meta(key, value):
    check(key == b"\xff" + bytes(8) + b"m" and len(value) == 144, "meta row")
    magic, version, width, block, eot, vocab = struct.unpack_from("<8sIIIIQ", value)
    check(magic == b"lmtokens" and version == 1 and block == BLOCK, "meta row")
    check(width == (2 if vocab <= 65536 else 4), "width")
    checksum(value[:136], struct.unpack_from("<Q", value, 136)[0], "meta checksum")
    totals = [struct.unpack_from("<QQQ", value, 64 + 24 * s) for s in range(3)]
    return width, eot, vocab, totals


def read_split(rows, width):
    """The stream and the documents of a split's rows, alternately index and tokens."""
    stream, documents = [], []
    check(len(rows) % 2 == 0, "odd number of rows")
    for number in range(len(rows) // 2):
        (ikey, index), (tkey, tokens) = rows[2 * number : 2 * number + 2]
        place = struct.pack(">Q", number)
        check(ikey[1:] == place + b"i" and tkey[1:] == place + b"t", "order of rows")
        last = number == len(rows) // 2 - 1
        check(len(tokens) == BLOCK or (last and 0 < len(tokens) < BLOCK), "size of a block")
        checksum(tokens, struct.unpack_from("<Q", index, len(index) - 16)[0], "block checksum")
        checksum(index[:-8], struct.unpack_from("<Q", index, len(index) - 8)[0], "index checksum")
        start = len(stream)
        stream += struct.unpack("<%d%s" % (len(tokens) // width, "H" if width == 2 else "I"), tokens)
        for at in range(0, len(index) - 16, 24):
            document = struct.unpack_from("<QIIQ", index, at)
            check(start <= document[0] < len(stream), "document outside its block")
            documents.append(document)
    return stream, documents


def main(path):
    rows = read_rows(path)
    check(rows, "no rows")
    width, eot, vocab, totals = read_meta(*rows[-1])
    print("vocab %d eot %d width %d" % (vocab, eot, width))
    for split, name in enumerate(("train", "valid", "test")):
        stream, documents = read_split([r for r in rows[:-1] if r[0][0] == split], width)
        check(all(t < vocab for t in stream), "id outside the vocabulary")
        place = 0
        for first, count, _, _ in documents:
            check(first == place and count >= 1 and stream[first + count - 1] == eot, "documents")
            place += count
        check(place == len(stream), "end of the stream")
        check(totals[split] == (len(stream), len(documents), sum(d[2] for d in documents)), "totals")
        ids = hashlib.sha256(struct.pack("<%dI" % len(stream), *stream)).hexdigest()
        index = hashlib.sha256(b"".join(struct.pack("<QIIQ", *d) for d in documents)).hexdigest()
        print("%s %d tokens %s %d documents %s" % (name, len(stream), ids, len(documents), index))
    print("digest " + digest(rows))


main(sys.argv[1])
