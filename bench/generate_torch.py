"""PyTorch's side of bench/generate: GPT-2 124M with random weights and a key/value cache, greedy, float32.

    generate_torch.py THREADS TOKENS PROMPT

One JSON object a line: the median time of a step at batch 1 and 8.
"""
import json
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F

VOCAB, CONTEXT, LAYERS, HEADS, WIDTH = 50257, 1024, 12, 12, 768


def random_layer():
    def linear(inputs, outputs):
        return torch.randn(outputs, inputs) * 0.02, torch.zeros(outputs)

    return {"ln1": (torch.ones(WIDTH), torch.zeros(WIDTH)), "qkv": linear(WIDTH, 3 * WIDTH),
            "proj": linear(WIDTH, WIDTH), "ln2": (torch.ones(WIDTH), torch.zeros(WIDTH)),
            "fc": linear(WIDTH, 4 * WIDTH), "out": linear(4 * WIDTH, WIDTH)}


def attend(q, keys, values, causal):
    scores = q @ keys.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)
    if causal:
        size = q.shape[-2]
        scores = scores.masked_fill(torch.ones(size, size).triu(1).bool(), -math.inf)
    return torch.softmax(scores, -1) @ values


def feed(model, cache, ids, at):
    """Logits behind ids (batch, time), the first of them at position `at`."""
    batch, size = ids.shape
    x = model["wte"][ids] + model["wpe"][at:at + size]
    for layer, (keys, values) in zip(model["layers"], cache):
        h = F.linear(F.layer_norm(x, (WIDTH,), *layer["ln1"]), *layer["qkv"])
        q, k, v = (part.view(batch, size, HEADS, -1).transpose(1, 2) for part in h.split(WIDTH, 2))
        keys[:, :, at:at + size] = k
        values[:, :, at:at + size] = v
        y = attend(q, keys[:, :, :at + size], values[:, :, :at + size], at == 0)
        x = x + F.linear(y.transpose(1, 2).reshape(batch, size, WIDTH), *layer["proj"])
        h = F.linear(F.layer_norm(x, (WIDTH,), *layer["ln2"]), *layer["fc"])
        x = x + F.linear(F.gelu(h, approximate="tanh"), *layer["out"])
    return F.layer_norm(x[:, -1], (WIDTH,), *model["lnf"]) @ model["wte"].T


def main():
    threads, tokens, prompt = (int(word) for word in sys.argv[1:4])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = {"wte": torch.randn(VOCAB, WIDTH) * 0.02, "wpe": torch.randn(CONTEXT, WIDTH) * 0.02,
             "lnf": (torch.ones(WIDTH), torch.zeros(WIDTH)), "layers": [random_layer() for _ in range(LAYERS)]}
    with torch.inference_mode():
        for batch in (1, 8):
            shape = (batch, HEADS, CONTEXT, WIDTH // HEADS)
            cache = [(torch.zeros(shape), torch.zeros(shape)) for _ in range(LAYERS)]
            ids = feed(model, cache, torch.randint(VOCAB, (batch, prompt)), 0).argmax(-1, keepdim=True)
            wall, cpu = [], []
            for i in range(tokens):
                start = time.perf_counter(), time.process_time()
                logits = feed(model, cache, ids, prompt + i)
                wall.append(time.perf_counter() - start[0])
                cpu.append(time.process_time() - start[1])
                ids = logits.argmax(-1, keepdim=True)
            print(json.dumps({"weights": "f32", "threads": threads, "batch": batch,
                              "step_wall": statistics.median(wall), "step_cpu": statistics.median(cpu)}),
                  flush=True)


main()
