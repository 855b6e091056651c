#!/usr/bin/env python3
"""docs/formats/model.md as a program: what the page says of a model's folder, and nothing else.

    model_page.py shake FOLDER             other weights, all of them away from 0 and 1
    model_page.py logits FOLDER LOGITS ID...   compares the page's logits with LOGITS (tests/oracle/print_logits)

Written from the page, not from the sources, in plain Python with doubles, so that it needs nothing and a model
must be small. Prints the largest difference, as a share of the largest logit; fails when it is above 1e-5.
"""
import json
import math
import random
import struct
import sys

EPSILON = 1e-5


def read_tensors(folder):
    with open(folder + "/model.safetensors", "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, row in header.items():
        if name == "__metadata__":
            continue
        assert row["dtype"] == "F32"
        begin, end = row["data_offsets"]
        flat = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
        if len(row["shape"]) == 1:
            tensors[name] = list(flat)
        else:
            rows, columns = row["shape"]
            tensors[name] = [list(flat[i * columns:(i + 1) * columns]) for i in range(rows)]
    return tensors


def shake(folder):
    """Weights of norms near 1, all else up to a few tenths: nothing is lost in a 0 or a 1."""
    path = folder + "/model.safetensors"
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = file.read(length)
    draw = random.Random(7)
    numbers = []
    for name, row in json.loads(header).items():
        if name == "__metadata__":
            continue
        begin, end = row["data_offsets"]
        is_gain = ("ln_" in name or "_norm" in name) and name.endswith("weight")
        spread = 0.5 if len(row["shape"]) == 1 else 1.2 / math.sqrt(row["shape"][0])
        if name in ("wte.weight", "wpe.weight", "lm_head.weight"):
            spread = 0.7
        numbers += [float(is_gain) + draw.uniform(-spread, spread) for _ in range((end - begin) // 4)]
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", length) + header + struct.pack(f"<{len(numbers)}f", *numbers))


def times(row, matrix):
    """row · matrix, which is [in, out]."""
    return [sum(x * line[j] for x, line in zip(row, matrix)) for j in range(len(matrix[0]))]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def plus(a, b):
    return [x + y for x, y in zip(a, b)] if b is not None else a


class Model:
    def __init__(self, folder):
        with open(folder + "/config.json", encoding="utf-8") as file:
            self.config = json.load(file)
        say = self.config.get
        self.tensors = read_tensors(folder)
        self.layers, self.heads, self.width = say("n_layer"), say("n_head"), say("n_embd")
        self.attention = say("attention_width") or self.width
        self.kv = say("kv_heads") or self.heads
        self.inner = say("mlp_width") or 4 * self.width
        self.size = self.attention // self.heads
        self.window, self.every = say("window") or 0, say("window_every") or 2
        self.rms, self.rotary = say("norm") == "rms", say("positions") == "rotary"
        self.base, self.swiglu = say("rotary_base") or 10000.0, say("mlp") == "swiglu"

    def norm(self, x, name):
        weight, bias = self.tensors[name + ".weight"], self.tensors.get(name + ".bias")
        if self.rms:
            return self.norm_rms(x, weight)
        mean = sum(x) / len(x)
        scale = 1 / math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + EPSILON)
        return plus([(v - mean) * scale * w for v, w in zip(x, weight)], bias)

    @staticmethod
    def norm_rms(x, weight):
        scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + EPSILON)
        return [v * scale * w for v, w in zip(x, weight)]

    def linear(self, x, name):
        return plus(times(x, self.tensors[name + ".weight"]), self.tensors.get(name + ".bias"))

    def turn(self, head, t):
        half = self.size // 2
        out = list(head)
        for i in range(half):
            angle = t * self.base ** (-2 * i / self.size)
            a, b = head[i], head[i + half]
            out[i] = a * math.cos(angle) - b * math.sin(angle)
            out[i + half] = b * math.cos(angle) + a * math.sin(angle)
        return out

    def cut_heads(self, row, t, layer):
        """Queries, keys, values of a token, a list of heads each."""
        size = self.size
        heads = [row[i:i + size] for i in range(0, len(row), size)]
        assert len(heads) == self.heads + 2 * self.kv
        q, k = heads[:self.heads], heads[self.heads:self.heads + self.kv]
        if self.config.get("qk_norm"):
            q = [self.norm_rms(h, self.tensors[f"h.{layer}.attn.q_norm.weight"]) for h in q]
            k = [self.norm_rms(h, self.tensors[f"h.{layer}.attn.k_norm.weight"]) for h in k]
        if self.rotary:
            q, k = [self.turn(h, t) for h in q], [self.turn(h, t) for h in k]
        return q, k, heads[self.heads + self.kv:]

    def attend(self, rows, layer):
        cut = [self.cut_heads(row, t, layer) for t, row in enumerate(rows)]
        is_banded = self.window > 0 and layer % self.every == self.every - 1
        out = []
        for t in range(len(rows)):
            first = max(0, t - self.window + 1) if is_banded else 0
            joined = []
            for h in range(self.heads):
                shared = h // (self.heads // self.kv)
                scores = [dot(cut[t][0][h], cut[s][1][shared]) / math.sqrt(self.size) for s in range(first, t + 1)]
                top = max(scores)
                weights = [math.exp(score - top) for score in scores]
                total = sum(weights)
                values = [cut[s][2][shared] for s in range(first, t + 1)]
                joined += [sum(w * v[d] for w, v in zip(weights, values)) / total for d in range(self.size)]
            out.append(joined)
        return out

    def f(self, x):
        if not self.swiglu:
            return [v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3))) for v in x]
        return [g / (1 + math.exp(-g)) * u for g, u in zip(x[:self.inner], x[self.inner:])]

    def logits(self, ids):
        x = [list(self.tensors["wte.weight"][token]) for token in ids]
        if not self.rotary:
            x = [plus(row, self.tensors["wpe.weight"][t]) for t, row in enumerate(x)]
        for n in range(self.layers):
            rows = [self.linear(self.norm(row, f"h.{n}.ln_1"), f"h.{n}.attn.c_attn") for row in x]
            a = self.attend(rows, n)
            x = [plus(row, self.linear(joined, f"h.{n}.attn.c_proj")) for row, joined in zip(x, a)]
            h = [self.linear(self.norm(row, f"h.{n}.ln_2"), f"h.{n}.mlp.c_fc") for row in x]
            x = [plus(row, self.linear(self.f(inner), f"h.{n}.mlp.c_proj")) for row, inner in zip(x, h)]
        head = self.tensors["lm_head.weight" if self.config.get("untied") else "wte.weight"]
        return [[dot(self.norm(row, "ln_f"), line) for line in head] for row in x]


def main():
    if sys.argv[1] == "shake":
        shake(sys.argv[2])
        return 0
    ids = [int(word) for word in sys.argv[4:]]
    wanted = [number for row in Model(sys.argv[2]).logits(ids) for number in row]
    with open(sys.argv[3], "rb") as file:
        data = file.read()
    if len(data) != 4 * len(wanted):
        print(f"{len(data) // 4} logits, not {len(wanted)}")
        return 1
    got = struct.unpack(f"<{len(wanted)}f", data)
    largest = max(abs(number) for number in wanted)
    difference = max(abs(a - b) for a, b in zip(got, wanted)) / largest
    print(f"{difference:.2g} of {largest:.3g}")
    return 0 if difference <= 1e-5 and largest > 0.5 else 1


sys.exit(main())
