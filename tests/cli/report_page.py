"""Checks of a report's page. usage: report_page.py CHECK FILE; prints what is wrong and exits 1."""
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Elements in order: (tag, attributes, ancestors), and texts with what they stand in."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), [t for t, _ in self.open]))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), [t for t, _ in self.open]))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        self.texts.append((data, list(self.open)))


def is_foreign(ancestors):
    """Text of corpora, models and the spec; names as they are typed; what is marked as English."""
    classes = " ".join(a.get("class", "") for _, a in ancestors).split()
    tags = {t for t, _ in ancestors}
    return bool(tags & {"style", "code", "title"}) or "text" in classes or "lead" in classes or \
        ("grid" in classes and "tbody" in tags) or \
        any(a.get("lang") == "en" for _, a in ancestors)


# Names of things and of methods, and what has no other name in Chinese.
NAMES = set("""lmpipe tiny GPT Transformer GELU Kneser Ney distinct rep top min utf Windows UTF bpb nats Wilson BLEU chrF Spearman
    Pearson EMA Dropout nyi Unicode public domain cosine best adamw gpt micro train download clean bpe encode evaluate sample model
    text corpus vocab tokens scores samples words greedy pure nucleus temperature kB MB exp export SHA Brier ECE softmax""".split())


def chinese(page):
    wrong = set()
    for text, ancestors in page.texts:
        if not is_foreign(ancestors):
            text = re.sub(r"\b(?=[a-f]*\d)[0-9a-f]{8,}\b", "", text)  # digests
            wrong |= {w for w in re.findall(r"[A-Za-z]{3,}", text) if w not in NAMES}
    for _, attributes, _ in page.elements:
        wrong |= set(re.findall(r"[A-Za-z]{3,}", attributes.get("aria-label", "")))
    return sorted("a word in English: %s" % w for w in wrong)


def headings(page):
    """h1 once, and no level left out on the way down; each section has its name from its heading."""
    levels = [int(t[1]) for t, _, _ in page.elements if re.fullmatch("h[1-6]", t)]
    wrong = [] if levels.count(1) == 1 and levels[0] == 1 else ["h1 is not the first and only one"]
    wrong += ["h%d follows h%d" % (b, a) for a, b in zip(levels, levels[1:]) if b > a + 1]
    ids = {a["id"] for _, a, _ in page.elements if "id" in a}
    for tag, a, _ in page.elements:
        if tag == "section" and a.get("aria-labelledby") not in ids:
            wrong.append("section %s has no name" % a.get("id"))
    return wrong


def landmarks(page):
    tags = [t for t, _, _ in page.elements]
    wrong = ["%d <%s>" % (tags.count(t), t) for t in ("header", "nav", "main", "footer") if tags.count(t) != 1]
    for tag, attributes, ancestors in page.elements:
        if tag in ("header", "footer") and "main" in ancestors:
            wrong.append("<%s> inside <main> is no landmark" % tag)
        if tag == "nav" and not attributes.get("aria-label"):
            wrong.append("<nav> has no name")
    links = [a["href"][1:] for t, a, _ in page.elements if t == "a"]
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    wrong += ["no place %s" % l for l in links if l not in ids]
    wrong += ["id %s twice" % i for i in set(ids) if ids.count(i) > 1]
    first = next(a for t, a, _ in page.elements if t in ("a", "details", "button"))
    if first.get("href") != "#content" or "skip" not in first.get("class", ""):
        wrong.append("the first thing that takes the focus is no way to the content")
    return wrong


def keyboard(page):
    """What scrolls takes the focus; what folds has a summary first; every header cell says of what."""
    wrong = []
    for i, (tag, a, _) in enumerate(page.elements):
        classes = a.get("class", "").split()
        if ({"wide", "text"} & set(classes)) and a.get("tabindex") != "0":
            wrong.append("%s scrolls but takes no focus" % classes)
        if tag == "details" and page.elements[i + 1][0] != "summary":
            wrong.append("details without a summary")
        if tag == "th" and a.get("scope") not in ("row", "col"):
            wrong.append("a header cell without a scope: %s" % a)
        if tag == "svg" and (a.get("role") != "img" or page.elements[i + 1][0] != "title" or page.elements[i + 2][0] != "desc"):
            wrong.append("a drawing without title and description")
    return wrong


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        wrong = globals()[sys.argv[1]](Page(file.read()))
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


sys.exit(main())
