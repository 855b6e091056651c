#!/usr/bin/env python3
"""Reads what `run --ci` writes by the rules of its formats, strictly. Prints what tests look at; anything wrong is exit 1.

    ci_formats.py annotations LOG WORKSPACE     commands of GitHub: "LEVEL FILE:LINE:COL TITLE | MESSAGE"
    ci_formats.py groups LOG                    groups: "TITLE: number of lines"
    ci_formats.py sections LOG                  sections of GitLab, likewise
    ci_formats.py junit FILE                    "tests failures errors skipped", then "CLASS NAME OUTCOME" a case
    ci_formats.py metrics FILE SCHEMA           the number of metrics
    ci_formats.py provenance FILE FOLDER        the number of subjects; their files have the digests that are said
    ci_formats.py summary FILE                  the first heading of GitHub's Markdown, then the text of each row of a table
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from html.parser import HTMLParser

KNOWN = {"error", "warning", "group", "endgroup"}


def commands(path):
    """What a runner takes for commands: https://github.com/actions/runner, ActionCommand.TryParseV2 and TryParse."""
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            assert "##[" not in line and "##vso[" not in line, line
            text = line.lstrip()
            if text.startswith("::"):
                assert text == line, "a command behind blanks: " + line
                head, close, data = text[2:].partition("::")
                assert close, "a command without an end: " + line
                name, _, rest = head.partition(" ")
                assert name in KNOWN, "no command of ours: " + line
                yield name, rest, data
            else:
                yield None, None, line


def plain(text, also=()):
    """Undoes the escapes, of which there must be no others."""
    escapes = {"%25": "%", "%0D": "\r", "%0A": "\n", **{a: b for a, b in also}}
    assert all(m in escapes for m in re.findall(r"%..?", text)), text
    return re.sub(r"%..", lambda m: escapes[m.group(0)], text)


def annotations(path, workspace):
    counts = {"error": 0, "warning": 0}
    for name, rest, data in commands(path):
        if name not in counts:
            continue
        counts[name] += 1
        properties = dict(pair.split("=", 1) for pair in rest.split(","))
        assert set(properties) <= {"file", "line", "col", "title"} and "title" in properties, rest
        properties = {k: plain(v, (("%3A", ":"), ("%2C", ","))) for k, v in properties.items()}
        place = "-"
        if "file" in properties:
            assert os.path.isfile(os.path.join(workspace, properties["file"])), properties
            assert not os.path.isabs(properties["file"])
            place = "%s:%d:%d" % (properties["file"], int(properties.get("line", 0)), int(properties.get("col", 0)))
        assert data.strip(), "an empty message"
        print(name, place, properties["title"], "|", plain(data))
    assert counts["error"] <= 10 and counts["warning"] <= 10


def groups(path):
    title, lines = None, 0
    for name, rest, data in commands(path):
        if name == "group":
            assert title is None and data, "a group in a group"
            title, lines = data, 0
        elif name == "endgroup":
            assert title is not None and not data
            print("%s: %d" % (title, lines))
            title = None
        elif title is not None:
            lines += 1
            assert name is None and data.startswith(title + ": "), "a line of another stage: " + data
    assert title is None, "a group without an end"


def sections(path):
    """https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections"""
    mark = re.compile(r"^\x1b\[0Ksection_(start|end):(\d+):([A-Za-z0-9_.-]+)(\[collapsed=true\])?\r\x1b\[0K(.*)$")
    name = title = None
    seen, lines = set(), 0
    with open(path, encoding="utf-8", newline="\n") as file:
        rows = file.read().split("\n")
    for row in rows:
        found = mark.match(row)
        if found is None:
            assert "section_" not in row and "\x1b" not in row and "\r" not in row, row
            lines += 1
            assert name is None or row.startswith(title + ": "), "a line of another stage: " + row
        elif found.group(1) == "start":
            assert name is None and found.group(3) not in seen and found.group(5)
            name, title, lines = found.group(3), found.group(5), 0
            seen.add(name)
        else:
            assert found.group(3) == name and not found.group(5)
            print("%s: %d" % (title, lines))
            name = None
    assert name is None, "a section without an end"


def junit(path):
    names = ("tests", "failures", "errors", "skipped")
    root = xml.parse(path).getroot()
    assert root.tag == "testsuites"
    outcomes = {"failure": "failures", "error": "errors", "skipped": "skipped", "system-out": None}
    rows, seen = [], set()
    for suite in root:
        counts = dict.fromkeys(names, 0)
        assert suite.tag == "testsuite" and {"name", "time", "timestamp", "hostname", *names} == set(suite.keys())
        for case in suite:
            assert case.tag == "testcase" and {"classname", "name", "time", "file", "line"} == set(case.keys())
            assert len(case) == 1
            outcome = case[0]
            counts["tests"] += 1
            if outcomes[outcome.tag]:
                counts[outcomes[outcome.tag]] += 1
                assert outcome.get("message")
            identity = (case.get("classname"), case.get("name"))
            assert identity not in seen, identity
            seen.add(identity)
            float(case.get("time"))
            rows.append("%s %s %s" % (*identity, outcome.tag))
        for element in (root, suite):
            assert all(int(element.get(name)) == counts[name] for name in names), counts
            float(element.get("time"))
    print(*(root.get(name) for name in names))
    print("\n".join(rows))


def metrics(path, schema):
    with open(schema, encoding="utf-8") as file:
        rules = json.load(file)
    assert set(rules) == {"$schema", "title", "type", "propertyNames", "additionalProperties"} and rules["type"] == "object"
    name = re.compile(rules["propertyNames"]["pattern"])
    assert rules["additionalProperties"] == {"type": ["number", "null"]}
    with open(path, encoding="utf-8") as file:
        pairs = json.load(file, object_pairs_hook=list)
    assert len(dict(pairs)) == len(pairs), "a name twice"
    for key, value in pairs:
        assert name.search(key), key
        assert value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)), key
    print(len(pairs))


def provenance(path, folder):
    """https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1: required members, types of the others."""
    with open(path, encoding="utf-8") as file:
        statement = json.load(file)
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert statement["subject"], "no subject"
    for subject in statement["subject"]:
        with open(os.path.join(folder, subject["name"]), "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == subject["digest"]["sha256"], subject
    definition, details = statement["predicate"]["buildDefinition"], statement["predicate"]["runDetails"]
    assert re.match(r"[a-z]+:", definition["buildType"]) and isinstance(definition["externalParameters"], dict)
    assert re.match(r"[a-z]+:", details["builder"]["id"])
    for dependency in definition["resolvedDependencies"]:
        assert set(dependency) <= {"name", "uri", "digest", "annotations"} and {"uri", "digest"} & set(dependency)
        assert all(re.fullmatch(r"[0-9a-f]{40,64}", hex_) for hex_ in dependency.get("digest", {}).values()), dependency
    for time in ("startedOn", "finishedOn"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", details["metadata"][time])
    assert details["metadata"]["invocationId"]
    print(len(statement["subject"]))


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.rows, self.heading = [], [], None

    def handle_starttag(self, tag, attrs):
        assert tag in {"h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}, "markup: " + tag
        if tag == "tr":
            self.rows.append([])
        self.text = []

    def handle_data(self, data):
        self.text.append(data)

    def handle_endtag(self, tag):
        text = "".join(self.text).replace("\u200b", "").strip()
        if tag == "h3" and self.heading is None:
            self.heading = text
        if tag in ("td", "th"):
            self.rows[-1].append(text)


def summary(path):
    with open(path, "rb") as file:
        source = file.read()
    assert len(source) <= 60000
    page = Page()
    page.feed(subprocess.run(["cmark-gfm", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist"],
                             input=source, stdout=subprocess.PIPE, check=True).stdout.decode("utf-8"))
    print(page.heading)
    for row in page.rows:
        print(" | ".join(row))


{f.__name__: f for f in (annotations, groups, sections, junit, metrics, provenance, summary)}[sys.argv[1]](*sys.argv[2:])
