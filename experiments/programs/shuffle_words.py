"""A text without an order: all words of each split, shuffled, in documents as long as they were.

    shuffle_words.py SEED TEXT OUT

TEXT and OUT are folders as `clean` writes them: {train,valid,test}.jsonl with id and text. What is left of a language
is how often its words are, so a model of it knows nothing of which word follows which.
"""
import array
import hashlib
import json
import os
import random
import sys

seed, source, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
for split in ("train", "valid", "test"):
    numbers, words, order, lengths = {}, [], array.array("I"), array.array("I")
    with open(os.path.join(source, split + ".jsonl"), encoding="utf-8") as lines:
        for line in lines:
            found = json.loads(line)["text"].split()
            lengths.append(len(found))
            for word in found:
                if word not in numbers:
                    numbers[word] = len(words)
                    words.append(word)
                order.append(numbers[word])
    random.Random(f"{seed} {split}").shuffle(order)
    with open(os.path.join(out, split + ".jsonl"), "w", encoding="utf-8", newline="\n") as file:
        first = 0
        for length in lengths:
            text = " ".join(words[i] for i in order[first:first + length])
            digest = hashlib.sha256(text.encode()).hexdigest()
            file.write(json.dumps({"id": digest, "text": text}, ensure_ascii=False, separators=(",", ":")) + "\n")
            first += length
