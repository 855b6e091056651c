"""Scores generated text against the text a model was trained on. Python's standard library is all it takes.

usage: samples.py SAMPLES TEXT SCORES PAGE

SAMPLES   JSON lines as the stage type `sample` writes them
TEXT      the folder of `clean`: train.jsonl
SCORES    written: flat JSON, METHOD.NAME to a number
PAGE      written: the same as a table for people
"""

import json
import pathlib
import re
import sys

WORD = re.compile(r"\w+(?:'\w+)*")
NGRAM = 8  # words in a row that are taken for copied

MEASURES = {
    "words": "words per sample",
    "known_words": "share of words that the training text has",
    "repeated": "share of 4-grams that a sample has had before",
    "copied": f"share of {NGRAM}-grams that the training text has",
}


def words_of(text):
    return WORD.findall(text.lower())


def ngrams(words, n):
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def share(part, whole):
    return part / whole if whole else 0.0


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def score(texts, vocabulary, passages):
    words = [words_of(text) for text in texts]
    grams = [ngrams(w, 4) for w in words]
    long = [g for w in words for g in ngrams(w, NGRAM)]
    total = sum(map(len, words))
    return {
        "words": share(total, len(texts)),
        "known_words": share(sum(w in vocabulary for text in words for w in text), total),
        "repeated": share(sum(len(g) - len(set(g)) for g in grams), sum(map(len, grams))),
        "copied": share(sum(g in passages for g in long), len(long)),
    }


def main(samples, text, scores, page):
    training = [words_of(row["text"]) for row in read_lines(pathlib.Path(text) / "train.jsonl")]
    vocabulary = {word for words in training for word in words}
    passages = {gram for words in training for gram in ngrams(words, NGRAM)}
    texts = {}
    for row in read_lines(samples):
        if row["kind"] == "sample":
            texts.setdefault(row["method"], []).append(row["text"])
    print("read", len(training), "documents,", sum(map(len, texts.values())), "samples")
    results = {method: score(texts[method], vocabulary, passages) for method in sorted(texts)}
    with open(scores, "w", encoding="utf-8") as out:
        flat = {f"{method}.{name}": value for method, row in results.items() for name, value in row.items()}
        json.dump(flat, out, indent=1)
        out.write("\n")
    with open(page, "w", encoding="utf-8") as out:
        out.write("# Samples beside the training text\n\n")
        for name, meaning in MEASURES.items():
            out.write(f"- `{name}`: {meaning}\n")
        out.write("\n| method | " + " | ".join(MEASURES) + " |\n|---" + "|---:" * len(MEASURES) + "|\n")
        for method, row in results.items():
            out.write(f"| {method} | " + " | ".join(f"{row[name]:.3f}" for name in MEASURES) + " |\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
