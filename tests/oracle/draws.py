#!/usr/bin/python3
"""Draws of random methods from random logits, against a second implementation in double precision.

    draws.py PRINT_DRAWS [CASES]

Every rule works on a list of (logit, id) and the probabilities of that list. A case is left out where the
answer hangs on less than 1e-4 of the probability: the program's exponentials are float32.
"""
import math
import random
import struct
import subprocess
import sys

NAMES = ["repetition_penalty", "temperature", "top_k", "typical_p", "top_p", "min_p", "eta"]
SLACK = 1e-4


class Close(Exception):
    """The answer hangs on rounding."""


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def shares(kept):
    most = max(logit for logit, _ in kept)
    weights = [math.exp(logit - most) for logit, _ in kept]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def by_mass(ordered, goal):
    """The shortest beginning of (share, item) with that much of the mass."""
    mass, kept = 0.0, []
    for share, item in ordered:
        if abs(mass - goal) < SLACK:
            raise Close
        if mass >= goal:
            break
        mass += share
        kept.append(item)
    return kept


def at_least(kept, bound):
    p = shares(kept)
    if any(abs(share - bound) < SLACK * bound for share in p):
        raise Close
    return [item for share, item in zip(p, kept) if share >= bound] or kept[:1]


def apply(rule, kept, value, history):
    if rule == "repetition_penalty":
        seen = set(history)
        kept = [(single(x / value if x > 0 else x * value) if i in seen else x, i) for x, i in kept]
        return sorted(kept, key=lambda item: (-item[0], item[1]))
    if rule == "top_k":
        return kept[:int(value)]
    p = shares(kept)
    entropy = -math.fsum(share * math.log(share) for share in p if share > 0)
    if rule == "top_p":
        return by_mass(zip(p, kept), value)
    if rule == "min_p":
        return at_least(kept, value * max(p))
    if rule == "eta":
        return at_least(kept, min(value, math.sqrt(value) * math.exp(-entropy)))
    distance = [abs(-math.log(share) - entropy) if share > 0 else math.inf for share in p]
    order = sorted(range(len(kept)), key=lambda i: (round(distance[i], 9), -kept[i][0], kept[i][1]))
    for a, b in zip(order, order[1:]):
        if kept[a][0] != kept[b][0] and distance[b] - distance[a] < SLACK:
            raise Close
    return sorted(by_mass([(p[i], kept[i]) for i in order], value), key=lambda item: (-item[0], item[1]))


def chain(method, logits, history):
    """What is left, with shares, in the order (logit descending, id ascending)."""
    kept = sorted(((x, i) for i, x in enumerate(logits)), key=lambda item: (-item[0], item[1]))
    heat = 1.0
    for rule in method["order"]:
        value = method[rule]
        if rule == "temperature":
            heat *= value
        elif rule == "repetition_penalty":
            kept = apply(rule, kept, value, history)
        else:
            chosen = {i for _, i in apply(rule, [(x / heat, i) for x, i in kept], value, history)}
            kept = [(x, i) for x, i in kept if i in chosen]
    return kept, shares([(x / heat, i) for x, i in kept])


def draw(kept, p, u):
    """The ids that a draw at u may be."""
    mass = 0.0
    for (_, i), share in zip(kept, p):
        if abs(mass + share - u) < SLACK:
            return None
        mass += share
        if mass > u:
            return i
    return None


def random_case(rng):
    size = rng.choice([2, 5, 50, 700, 3000])
    spread = rng.choice([0.3, 2, 5, 12])
    logits = [single(rng.gauss(0, spread)) for _ in range(size)]
    if rng.random() < 0.3:
        logits = [single(round(x)) for x in logits]  # many ties
    method = {"temperature": rng.choice([1, 0.3, 0.8, 1.7]), "top_k": rng.choice([0, 0, 1, 3, 40, 10 ** 6]),
              "top_p": rng.choice([0, 0, 0.3, 0.9, 0.99]), "min_p": rng.choice([0, 0, 0.01, 0.2]),
              "typical_p": rng.choice([0, 0, 0.2, 0.8, 0.95]), "eta": rng.choice([0, 0, 0.0003, 0.01, 0.3]),
              "repetition_penalty": rng.choice([1, 1, 1.3])}
    used = [name for name in NAMES if method[name] not in (0, 1) or (name == "top_k" and method[name] == 1)]
    is_shuffled = rng.random() < 0.5
    if is_shuffled:
        rng.shuffle(used)
    method["order"] = used
    history = [rng.randrange(size) for _ in range(rng.choice([0, 5, 60]))]
    return method, logits, history, is_shuffled


def line_of(method, logits, history, points, is_shuffled):
    order = [NAMES.index(name) for name in method["order"]] if is_shuffled else []
    numbers = [method[name] for name in
               ["temperature", "top_k", "top_p", "min_p", "typical_p", "eta", "repetition_penalty"]]
    for numbers_list in (order, history, logits, points):
        numbers += [len(numbers_list), *numbers_list]
    return " ".join(float(number).hex() for number in numbers)


def main():
    rng = random.Random(7)
    cases = [random_case(rng) for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 200)]
    points = [(i + 0.5) / 40 for i in range(40)] + [0.0, 1 - 1e-12]
    text = "\n".join(line_of(m, l, h, points, s) for m, l, h, s in cases) + "\n"
    out = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(out) == len(cases), f"{len(out)} lines for {len(cases)} cases"
    compared = left_out = wrong = 0
    for (method, logits, history, _), line in zip(cases, out):
        try:
            kept, p = chain(method, logits, history)
        except Close:
            left_out += 1
            continue
        for u, got in zip(points, map(int, line.split())):
            want = draw(kept, p, u)
            compared += want is not None
            if want not in (None, got):
                wrong += 1
                print(f"{method}, {len(logits)} logits, u {u}: {got}, not {want}")
    print(f"{compared} draws compared, {left_out} cases left out, {wrong} wrong")
    sys.exit(0 if wrong == 0 and compared > 20 * len(cases) else 1)


main()
