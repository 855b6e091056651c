"""PyTorch's side of bench/evaluate: shape B with random weights scores sequences in padded batches.

    evaluate_torch.py THREADS PRECISION LENGTHS [BATCH]

LENGTHS is a file with the tokens of each sequence, a number a line. As harnesses do it: sequences sorted by
length, the longest first, BATCH (64) of them filled up to the longest, logits of every place, then the
log-softmax of the targets. Prints one JSON object.
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

VOCAB, CONTEXT, LAYERS, HEADS, WIDTH = 8192, 256, 6, 6, 384
threads, precision = int(sys.argv[1]), sys.argv[2]
lengths = sorted((int(line) for line in open(sys.argv[3])), reverse=True)
batch = int(sys.argv[4]) if len(sys.argv) > 4 else 64
torch.set_num_threads(threads)
torch.manual_seed(1)


def linear(inputs, outputs):
    return torch.randn(outputs, inputs) * 0.02, torch.zeros(outputs)


def norm():
    return torch.ones(WIDTH), torch.zeros(WIDTH)


layers = [(norm(), linear(WIDTH, 3 * WIDTH), linear(WIDTH, WIDTH), norm(), linear(WIDTH, 4 * WIDTH),
           linear(4 * WIDTH, WIDTH)) for _ in range(LAYERS)]
wte, wpe, last = torch.randn(VOCAB, WIDTH) * 0.02, torch.randn(CONTEXT, WIDTH) * 0.02, norm()


def logits_of(ids):
    rows, size = ids.shape
    unseen = torch.ones(size, size).triu(1).bool()
    x = wte[ids] + wpe[:size]
    for ln1, qkv, proj, ln2, fc, out in layers:
        h = F.linear(F.layer_norm(x, (WIDTH,), *ln1), *qkv)
        q, k, v = (part.view(rows, size, HEADS, -1).transpose(1, 2) for part in h.split(WIDTH, 2))
        scores = (q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS)).masked_fill(unseen, -math.inf)
        y = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(rows, size, WIDTH)
        x = x + F.linear(y, *proj)
        x = x + F.linear(F.gelu(F.linear(F.layer_norm(x, (WIDTH,), *ln2), *fc), approximate="tanh"), *out)
    return F.linear(F.layer_norm(x, (WIDTH,), *last), wte)


def score(lengths):
    total = 0.0
    for first in range(0, len(lengths), batch):
        some = lengths[first:first + batch]
        size = max(some)
        ids, targets = torch.randint(VOCAB, (len(some), size)), torch.randint(VOCAB, (len(some), size))
        kept = torch.arange(size)[None] < torch.tensor(some)[:, None]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = logits_of(ids)
        said = torch.log_softmax(logits.float(), -1).gather(-1, targets[..., None])[..., 0]
        total += (said * kept).sum(1).sum().item()
    return total


with torch.inference_mode():
    score(lengths[:2 * batch])
    start, cpu = time.perf_counter(), time.process_time()
    score(lengths)
    print(json.dumps({"torch": precision, "threads": threads, "sequences": len(lengths), "tokens": sum(lengths),
                      "seconds": round(time.perf_counter() - start, 3), "cpu": round(time.process_time() - cpu, 3)}))
