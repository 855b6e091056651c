#!/usr/bin/env python3
"""Scores the items of tasks once more with PyTorch, and compares with what evaluate wrote.

usage: tasks_torch.py FOLDER ITEMS SOURCE... [--cloze|--stream] [--take N] [--numbers FILE]

FOLDER: `model export`ed safetensors with `tokenizer export --format gpt2` in it. ITEMS: items/NAME.jsonl. SOURCE: the files
that the task read, whose names (without folder) begin the items' ids, as SOURCE=NAME; with --stream the one text. A second implementation of everything
between the published files and a loss: their fields, the byte-pair encoding, the border between context and continuation,
what is cut off, the model. Prints how many items differ; fails when a loss is more than 1e-3 away or another choice is made
(but where two choices are within 2e-3 of each other). --numbers writes the losses found, a line an item. Needs Debian's
python3-torch and nothing else. Exit 3: torch is not installed.
"""
import json
import math
import sys
import unicodedata

try:
    import torch
except ImportError:
    sys.exit(3)

import gpt2_torch


def byte_names():
    """GPT-2's printable names of bytes."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names, extra = {}, 0
    for b in range(256):
        names[b] = chr(b) if b in keep else chr(256 + extra)
        extra += b not in keep
    return names


class Encoder:
    def __init__(self, folder):
        with open(folder + "/vocab.json", encoding="utf-8") as file:
            self.ids = json.load(file)
        with open(folder + "/merges.txt", encoding="utf-8") as file:
            lines = [line.rstrip("\n") for line in file]
        pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        self.ranks = {pair: rank for rank, pair in enumerate(pairs)}
        self.names = byte_names()
        self.sizes = {i: len(token) for token, i in self.ids.items()}

    @staticmethod
    def kind(c):
        if c.isspace():
            return "space"
        major = unicodedata.category(c)[0]
        return "letter" if major == "L" else "number" if major == "N" else "other"

    def pieces(self, text):
        """GPT-2's pattern, by hand."""
        at, out = 0, []
        while at < len(text):
            for suffix in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d"):
                if text.startswith(suffix, at):
                    break
            else:
                suffix = None
            if suffix is not None:
                end = at + len(suffix)
            else:
                first = at + (text[at] == " " and at + 1 < len(text) and self.kind(text[at + 1]) != "space")
                kind, end = self.kind(text[first]), first
                while end < len(text) and self.kind(text[end]) == kind:
                    end += 1
                if kind == "space" and end < len(text) and end - at > 1:
                    end -= 1
            out.append(text[at:end])
            at = end
        return out

    def encode(self, text):
        out = []
        for piece in self.pieces(text):
            parts = [self.names[b] for b in piece.encode()]
            while len(parts) > 1:
                rank, i = min((self.ranks.get(pair, math.inf), i) for i, pair in enumerate(zip(parts, parts[1:])))
                if rank == math.inf:
                    break
                parts[i : i + 2] = ["".join(parts[i : i + 2])]
            out += [self.ids[part] for part in parts]
        return out


def loss(folder, encoder, context, continuation):
    """Loss of the continuation's tokens, and whether each is the first choice."""
    with open(folder + "/config.json", encoding="utf-8") as file:
        longest = json.load(file)["n_positions"]
    end = encoder.ids["<|endoftext|>"]
    ids, border = encoder.encode(context + continuation), len(context.encode())
    at, first = 0, 0
    for first, i in enumerate(ids):
        at += encoder.sizes[i]
        if at > border:
            break
    inputs, targets = ([end] + ids)[:-1], ids
    if len(ids) > longest:
        assert len(ids) - first <= longest
        cut = len(ids) - longest
        inputs, targets, first = inputs[cut:], targets[cut:], first - cut
    logs = gpt2_torch.logits_of(folder, inputs).log_softmax(1)
    picked = logs[first:].gather(1, torch.tensor(targets[first:]).unsqueeze(1))
    greedy = all(int(row.argmax()) == t for row, t in zip(logs[first:], targets[first:]))
    return -float(picked.sum()), greedy


def stream_loss(folder, encoder, text):
    """Loss of a text in windows that move on by half the context, each token once; and how many windows."""
    with open(folder + "/config.json", encoding="utf-8") as file:
        longest = json.load(file)["n_positions"]
    ids = encoder.encode(text)
    inputs, total, count, fresh, end = [encoder.ids["<|endoftext|>"]] + ids, 0.0, 0, 0, longest
    while fresh < len(ids):
        end = min(end, len(ids))
        first = max(0, end - longest)
        logs = gpt2_torch.logits_of(folder, inputs[first:end]).log_softmax(1)
        total -= float(sum(logs[i - first, ids[i]] for i in range(fresh, end)))
        count, fresh, end = count + 1, end, end + longest // 2
    return total, count


def rows_of(sources):
    rows = {}
    for source in sources:
        name, path = source.split("=", 1)
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                rows[f"{name}:{number}"] = rows[str(number)] = json.loads(line)
    return rows


def main():
    arguments = sys.argv[1:]
    is_cloze, is_stream, take, numbers = "--cloze" in arguments, "--stream" in arguments, None, None
    if "--take" in arguments:
        take = int(arguments[arguments.index("--take") + 1])
    if "--numbers" in arguments:
        numbers = open(arguments[arguments.index("--numbers") + 1], "w", encoding="utf-8")
    folder, items, sources = arguments[0], arguments[1], [a for a in arguments[2:] if "=" in a]
    encoder, rows, off, other, count, windows = Encoder(folder), {} if is_stream else rows_of(sources), 0.0, 0, 0, 0
    with open(items, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file][:take]
    for line in lines:
        row = rows.get(line["id"])
        if is_stream:
            with open(sources[0].split("=", 1)[1], encoding="utf-8", newline="") as file:
                nll, windows = stream_loss(folder, encoder, file.read())
        elif is_cloze:
            word = row["text"].split()[-1]
            context = row["text"].rstrip()[: -len(word)].rstrip()
            nll, greedy = loss(folder, encoder, context, " " + word)
            other += (line["score"] == 1) != greedy
        else:
            good, bad = (loss(folder, encoder, "", row[key])[0] for key in ("sentence_good", "sentence_bad"))
            nll = good
            other += abs(good - bad) > 2e-3 and line["choice"] != (0 if good < bad else 1)
        off = max(off, abs(nll - line["nll"]))
        count += 1
        if numbers is not None:
            numbers.write(json.dumps({"id": line["id"], "torch": round(nll, 6), "lmpipe": round(line["nll"], 6)}) + "\n")
    if is_stream:
        print(f"{windows} windows, ", end="")
    print(f"{count} items: largest difference {off:.2e} nats, {other} other predictions")
    return 0 if count > 0 and off <= 1e-3 and other == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
