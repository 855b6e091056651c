#!/usr/bin/env python3
"""GPT-2 small in the form it was published in, with weights that nobody trained.

    gpt2_checkpoint.py FOLDER

Writes config.json, model.safetensors (124 million floats, and the causal masks that the published file
carries), vocab.json and merges.txt (50,257 tokens: bytes, pairs of bytes, end-of-text). Needs no library.
"""
import array
import json
import os
import random
import struct
import sys

LAYERS, HEADS, WIDTH, CONTEXT, VOCAB = 12, 12, 768, 1024, 50257
BLOCK = 1 << 20  # weights that are drawn; every tensor takes a stretch of them from another place on


def tensors():
    """Names, shapes and what they hold: a number, the mask, or None for weights."""
    yield "wte.weight", (VOCAB, WIDTH), None
    yield "wpe.weight", (CONTEXT, WIDTH), None
    for layer in range(LAYERS):
        for name, shape in (("attn.c_attn", (WIDTH, 3 * WIDTH)), ("attn.c_proj", (WIDTH, WIDTH)),
                            ("mlp.c_fc", (WIDTH, 4 * WIDTH)), ("mlp.c_proj", (4 * WIDTH, WIDTH))):
            yield f"h.{layer}.{name}.weight", shape, None
            yield f"h.{layer}.{name}.bias", shape[1:], 0.0
        yield f"h.{layer}.attn.bias", (1, 1, CONTEXT, CONTEXT), "mask"
        for name in ("ln_1", "ln_2"):
            yield f"h.{layer}.{name}.weight", (WIDTH,), 1.0
            yield f"h.{layer}.{name}.bias", (WIDTH,), 0.0
    yield "ln_f.weight", (WIDTH,), 1.0
    yield "ln_f.bias", (WIDTH,), 0.0


def count_of(shape):
    count = 1
    for size in shape:
        count *= size
    return count


def write_weights(path):
    header, at = {}, 0
    for name, shape, _ in tensors():
        size = 4 * count_of(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    draw = random.Random(1337)
    weights = array.array("f", (draw.gauss(0, 0.02) for _ in range(BLOCK))).tobytes()
    mask = b"".join(struct.pack("f", 1) * (row + 1) + bytes(4 * (CONTEXT - row - 1)) for row in range(CONTEXT))
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for k, (_, shape, content) in enumerate(tensors()):
            left = 4 * count_of(shape)
            if content == "mask":
                file.write(mask)
            elif content is not None:
                file.write(struct.pack("f", content) * (left // 4))
            else:
                start = 4 * (k * 7919 % BLOCK)
                while left > 0:
                    piece = weights[start:start + left]
                    file.write(piece)
                    left, start = left - len(piece), 0


def byte_letters():
    """What stands for each byte in GPT-2's files."""
    kept = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = (byte for byte in range(256) if byte not in kept)
    letters = {byte: chr(byte) for byte in kept}
    letters.update((byte, chr(256 + i)) for i, byte in enumerate(others))
    return [letters[byte] for byte in kept] + [letters[byte] for byte in range(256) if byte not in kept]


def write_vocabulary(folder):
    letters = byte_letters()
    pairs = [(a, b) for a in letters for b in letters][:VOCAB - 257]
    tokens = letters + [a + b for a, b in pairs] + ["<|endoftext|>"]
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump({token: i for i, token in enumerate(tokens)}, file, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))


def main():
    folder = sys.argv[1]
    os.makedirs(folder)
    write_weights(os.path.join(folder, "model.safetensors"))
    write_vocabulary(folder)
    config = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
              "attn_pdrop": 0.1, "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256,
              "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "n_ctx": CONTEXT, "n_embd": WIDTH,
              "n_head": HEADS, "n_layer": LAYERS, "n_positions": CONTEXT, "resid_pdrop": 0.1,
              "summary_activation": None, "summary_first_dropout": 0.1, "summary_proj_to_labels": True,
              "summary_type": "cls_index", "summary_use_proj": True,
              "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
              "vocab_size": VOCAB}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


main()
