#!/usr/bin/env python3
"""Computes the logits of an exported GPT-2 checkpoint with PyTorch and compares them with lmpipe's.

usage: gpt2_torch.py FOLDER LOGITS ID...    (LOGITS: what tests/oracle/print_logits wrote for these ids)

A second implementation: from config.json and model.safetensors, read by hand, to logits in float64 by
PyTorch's own operators. Prints the largest difference; fails when it is above 1e-4. Needs Debian's
python3-torch and nothing else. Exit 3: torch is not installed.
"""
import json
import math
import struct
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(3)

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    tensors = {}
    for name, row in header.items():
        if name != "__metadata__":
            begin, end = row["data_offsets"]
            flat = torch.frombuffer(data[begin:end], dtype=DTYPES[row["dtype"]])
            tensors[name] = flat.reshape(row["shape"]).to(torch.float64)
    return tensors


def logits_of(folder, ids):
    with open(folder + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    assert config["model_type"] == "gpt2" and config["activation_function"] == "gelu_new"
    weights = read_safetensors(folder + "/model.safetensors")
    heads, width, epsilon = config["n_head"], config["n_embd"], config["layer_norm_epsilon"]

    def w(name):
        return weights["transformer." + name]

    def norm(x, name):
        return F.layer_norm(x, (width,), w(name + ".weight"), w(name + ".bias"), epsilon)

    def conv1d(x, name):
        return x @ w(name + ".weight") + w(name + ".bias")

    T = len(ids)
    future = torch.ones(T, T).triu(1).bool()
    x = w("wte.weight")[torch.tensor(ids)] + w("wpe.weight")[:T]
    for n in range(config["n_layer"]):
        h = f"h.{n}."
        q, k, v = conv1d(norm(x, h + "ln_1"), h + "attn.c_attn").split(width, dim=1)
        q, k, v = (a.view(T, heads, -1).transpose(0, 1) for a in (q, k, v))
        scores = (q @ k.transpose(1, 2) / math.sqrt(width // heads)).masked_fill(future, -math.inf)
        x = x + conv1d((scores.softmax(2) @ v).transpose(0, 1).reshape(T, width), h + "attn.c_proj")
        u = conv1d(norm(x, h + "ln_2"), h + "mlp.c_fc")
        u = 0.5 * u * (1 + torch.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
        x = x + conv1d(u, h + "mlp.c_proj")
    return norm(x, "ln_f") @ w("wte.weight").T


def main():
    folder, path, ids = sys.argv[1], sys.argv[2], [int(i) for i in sys.argv[3:]]
    want = logits_of(folder, ids)
    with open(path, "rb") as file:
        got = torch.frombuffer(bytearray(file.read()), dtype=torch.float32).to(torch.float64)
    off = (got.reshape(want.shape) - want).abs().max().item()
    print(f"largest difference {off:.2e} of logits in [{want.min():.2f}, {want.max():.2f}]")
    return 0 if off <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
