#!/usr/bin/python3
"""A data card held to the text it describes: card_sums.py CARD TEXT-FOLDER [REMOVALS]. What comes in is what went and what is
left, to the byte; every count is counted again from the text. Prints what is wrong; exit 1."""
import collections
import hashlib
import json
import os
import sys

wrong = []


def same(what, got, want):
    if got != want:
        wrong.append(f"{what}: {got}, not {want}")


def check_sums(card):
    for member in ("bytes", "files", "documents"):
        same(f"in.{member}", sum(s[member] for s in card["sources"]), card["in"][member])
    same("kept", sum(s["kept"] for s in card["sources"]), card["out"]["documents"])
    for split in ("train", "valid", "test"):
        held = card["splits"][split]["documents"]
        shared = sum(s[split] for s in card["sources"])
        same(f"sources' {split}", shared, held)
    same("splits' bytes", sum(s["bytes"] for s in card["splits"].values()), card["out"]["bytes"])
    flow = card["bytes"]
    same("bytes.in", flow["in"], card["in"]["bytes"])
    same("bytes.out", flow["in"] - flow["outside_texts"] - flow["invalid_or_empty"] - flow["repaired"] - flow["dropped"],
         card["out"]["bytes"])


def check_rows(card):
    rows = {row["rule"]: row for row in card["dropped"]}
    before = sum(rows[name]["documents"] for name in ("missing",) if name in rows)
    found = sum(f["documents"] for f in card["formats"].values())
    same("texts found", found + before, card["in"]["documents"])
    same("cleaned", card["cleaned"]["documents"] + rows["invalid"]["documents"] + rows["empty"]["documents"], found)
    for member in ("documents", "bytes", "characters", "words"):
        at = card["cleaned"][member]
        for row in card["dropped"]:
            if "in" not in row:
                continue
            same(f"{row['rule']}.in.{member}", row["in"][member], at)
            at -= row[member]
            same(f"{row['rule']}.out.{member}", row["out"][member], at)
        same(f"out.{member}", card["out"][member], at)
    same("bytes.dropped", card["bytes"]["dropped"], sum(row["bytes"] for row in card["dropped"] if "in" in row))


def long_lines(text):
    lines = (line.strip(b" \t") for line in text.encode().split(b"\n"))
    return [line for line in lines if len(line) >= 32]


def check_text(card, folder):
    lines = {}
    lengths = []
    out = collections.Counter()
    for split in ("train", "valid", "test"):
        ids, counts, size = hashlib.sha256(), 0, 0
        lines[split] = collections.Counter()
        with open(f"{folder}/{split}.jsonl", encoding="utf-8", newline="\n") as file:
            for line in file:
                document = json.loads(line)
                text = document["text"].encode()
                same("an id", document["id"], hashlib.sha256(text).hexdigest())
                ids.update(document["id"].encode() + b"\n")
                counts, size = counts + 1, size + len(text)
                lengths.append(len(text))
                out["characters"] += len(document["text"])
                out["lines"] += sum(1 for row in document["text"].split("\n") if row.strip())
                lines[split].update(long_lines(document["text"]))
        same(f"{split}.documents", counts, card["splits"][split]["documents"])
        same(f"{split}.bytes", size, card["splits"][split]["bytes"])
        same(f"{split}.ids_sha256", ids.hexdigest(), card["splits"][split]["ids_sha256"])
    for member, value in out.items():
        same(f"out.{member}", value, card["out"][member])
    same("minimum, maximum", (min(lengths), max(lengths)),
         (card["document_bytes"]["minimum"], card["document_bytes"]["maximum"]))
    same("lengths", sum(row["documents"] for row in card["lengths"]), len(lengths))
    for row in card["split_overlaps"]:
        own, other = lines[row["split"]], lines[row["met_in"]]
        same("long_lines", sum(own.values()), row["long_lines"])
        if row["compared"] == row["long_lines"]:
            same(f"{row['split']} in {row['met_in']}", sum(n for line, n in own.items() if line in other), row["met"])


def check_removals(card, path):
    documents, sizes = collections.Counter(), collections.Counter()
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            removal = json.loads(line)
            documents[removal["rule"]] += 1
            sizes[removal["rule"]] += len(removal.get("text", "").encode())
    for row in card["dropped"]:
        same(f"removals of {row['rule']}", documents[row["rule"]], row["documents"])
        if row["rule"] not in ("missing", "no_line_left", "empty", "invalid") and "lines" not in row and row["documents"]:
            same(f"bytes of {row['rule']}", sizes[row["rule"]], row["bytes"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        card = json.load(file)
    check_sums(card)
    check_rows(card)
    check_text(card, sys.argv[2])
    if len(sys.argv) > 3 and os.path.getsize(sys.argv[3]) > 0:
        check_removals(card, sys.argv[3])
    print("\n".join(wrong[:20]))
    sys.exit(1 if wrong else 0)


main()
