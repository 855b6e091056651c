#!/usr/bin/env python3
"""Plays jobs of docs/ci/github.yml and docs/ci/gitlab.yml, as far as files, variables and exit statuses go.

    ci_player.py github|gitlab FILE JOB --repo DIR --state DIR [--set NAME=VALUE …] [--shard N]

Each job starts from a fresh copy of DIR, and ends with the exit status of its first failing step. What actions and runners
keep between jobs lies below the state folder. It is kept as they do at their worst: file by file, without empty folders,
modes, times and (artifacts of GitHub) hidden files. Whatever the files say that is not understood here is an error.
"""
import argparse
import fnmatch
import os
import re
import shutil
import subprocess
import sys


# ---- the part of YAML that the two files are written in ----

def scalar(text):
    """A plain, quoted or flow value."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return [scalar(t) for t in split_flow(text[1:-1])]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    if text in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[text]
    assert text[0] not in "{&*!|>%@`", "YAML not understood: " + text
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def split_flow(text):
    return [t for t in re.findall(r"\s*(\"[^\"]*\"|'[^']*'|[^,]+)\s*,?", text) if t.strip()]


def uncomment(line):
    quote = None
    for i, c in enumerate(line):
        if quote:
            quote = None if c == quote else quote
        elif c in "\"'" and (i == 0 or line[i - 1] in " [,"):
            quote = c
        elif c == "#" and (i == 0 or line[i - 1] == " "):
            return line[:i].rstrip()
    return line.rstrip()


class Yaml:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.at = 0

    def peek(self):
        """Indentation and content of the next line that says something, or (-1, "")."""
        while self.at < len(self.lines):
            line = uncomment(self.lines[self.at])
            if line.strip():
                assert "\t" not in line, "a tab"
                return len(line) - len(line.lstrip()), line.strip()
            self.at += 1
        return -1, ""

    def block_text(self, indent):
        rows = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            rows.append(line)
            self.at += 1
        depth = min(len(r) - len(r.lstrip()) for r in rows if r.strip())
        return "\n".join(r[depth:] for r in rows).rstrip("\n") + "\n"

    def value(self, text, indent):
        if text == "|":
            return self.block_text(indent)
        if text:
            return scalar(text)
        deeper, line = self.peek()
        if deeper > indent or (deeper == indent and line.startswith("- ")):
            return self.node(deeper)
        return None

    def node(self, indent):
        return self.sequence(indent) if self.peek()[1].startswith("- ") else self.mapping(indent)

    def sequence(self, indent):
        items = []
        while True:
            depth, line = self.peek()
            if depth != indent or not line.startswith("- "):
                return items
            rest = line[2:].strip()
            if re.match(r"[A-Za-z_][\w-]*:( |$)", rest):  # a mapping that begins behind the dash
                self.lines[self.at] = " " * (indent + 2) + rest
                items.append(self.mapping(indent + 2))
            else:
                self.at += 1
                items.append(self.value(rest, indent))

    def mapping(self, indent):
        out = {}
        while True:
            depth, line = self.peek()
            if depth != indent or line.startswith("- "):
                assert depth <= indent, "indentation: " + line
                return out
            found = re.match(r"([\w.-]+):(?: (.*))?$", line)
            assert found, "no key: " + line
            key, text = found.group(1), found.group(2) or ""
            assert key not in out, "twice: " + key
            self.at += 1
            out[key] = self.value(text.strip(), indent)


# ---- files, as they travel ----

def carry(source, target, names=None, hidden=True):
    """Copies bytes of regular files, nothing else of them."""
    for folder, _, files in os.walk(source):
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), source)
            if names is not None and not names(path):
                continue
            if not hidden and any(part.startswith(".") for part in path.split(os.sep)):
                continue
            to = os.path.join(target, path)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if os.path.exists(to):
                os.chmod(to, 0o644)
            with open(os.path.join(folder, name), "rb") as old, open(to, "wb") as new:
                shutil.copyfileobj(old, new)


def checkout(repo, work):
    if os.path.exists(work):
        for folder, _, _ in os.walk(work):
            os.chmod(folder, 0o755)
        shutil.rmtree(work)
    os.makedirs(work)
    carry(repo, work)


def run(text, cwd, env, shell, log):
    log.write("$ " + text.rstrip("\n").replace("\n", "\n> ") + "\n")
    log.flush()
    return subprocess.run(shell + [text], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                          check=False).returncode


class Job:
    def __init__(self, args):
        self.repo, self.state = args.repo, os.path.abspath(args.state)
        self.work = os.path.join(self.state, "checkout")
        self.given = dict(pair.split("=", 1) for pair in args.set)
        self.shard, self.name = args.shard, args.job
        with open(args.file, encoding="utf-8") as file:
            self.document = Yaml(file.read()).mapping(0)
        self.env = {k: os.environ[k] for k in ("PATH", "HOME", "TMPDIR", "LC_ALL", "ASAN_OPTIONS") if k in os.environ}
        self.env["CI"] = "true"
        checkout(self.repo, self.work)

    def inside(self, *parts):
        path = os.path.join(self.state, *parts)
        os.makedirs(path, exist_ok=True)
        return path


# ---- GitHub ----

class GitHub(Job):
    def context(self, name, more):
        values = {"github.run_id": self.given.get("RUN", "1"), "github.run_attempt": "1", "github.token": "none",
                  "github.repository": "o/r", "vars.LMPIPE_IMAGE": "image", "github.event.pull_request.number": "7",
                  "github.event.pull_request.head.repo.full_name": "o/r", "matrix.shard": str(self.shard)}
        if name.startswith("env."):
            return more[name[4:]]
        return values[name]

    def fill(self, text, more):
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda m: self.context(m.group(1), more), str(text))

    def holds(self, condition, failed, more):
        if condition is None:
            return not failed
        always = False
        for part in condition.split(" && "):
            equal = re.fullmatch(r"([\w.]+) == ([\w.]+)", part)
            if part == "always()":
                always = True
            elif self.context(equal.group(1), more) != self.context(equal.group(2), more):
                return False
        return always or not failed

    def restore(self, given):
        """The exact key, else the newest that begins with one of the others."""
        kept = sorted(os.listdir(self.inside("cache")), key=lambda n: os.stat(self.inside("cache", n)).st_mtime_ns)
        for prefix in [given["key"]] + (given.get("restore-keys") or "").split():
            found = [name for name in kept if name.startswith(prefix)]
            if found:
                return carry(self.inside("cache", found[-1]), os.path.join(self.work, given["path"]))
        return None

    def save(self, given):
        target = os.path.join(self.state, "cache", given["key"])
        if not os.path.exists(target) and os.path.isdir(os.path.join(self.work, given["path"])):
            carry(os.path.join(self.work, given["path"]), target)

    def upload(self, given):
        taken = [line for line in given["path"].split("\n") if line and not line.startswith("!")]
        left = [line[1:-len("**")] for line in given["path"].split("\n") if line.startswith("!") and line.endswith("/**")]
        # Names are from the folder that all have in common; a file is its own name.
        for path in taken:
            source = os.path.join(self.work, path)
            target = self.inside("artifacts", given["name"])
            if os.path.isfile(source):
                shutil.copyfile(source, os.path.join(target, os.path.basename(path)))
            elif os.path.isdir(source):
                carry(source, target, lambda name, path=path: not any(
                    os.path.join(path, name).startswith(out) for out in left), hidden=False)
            elif given.get("if-no-files-found") == "error":
                return 1
        bad = [name for _, _, files in os.walk(self.inside("artifacts", given["name"])) for name in files
               if re.search(r'["<>|:*?\r\n]', name)]
        assert not bad, "names that artifacts must not have: %s" % bad
        return 0

    def download(self, given):
        assert given["merge-multiple"] is True
        for name in sorted(os.listdir(self.inside("artifacts"))):
            if fnmatch.fnmatch(name, given["pattern"]):
                carry(self.inside("artifacts", name), os.path.join(self.work, given["path"]))

    def act(self, action, given):
        if action == "actions/checkout@v4":
            return 0
        acts = {"actions/cache/restore@v4": self.restore, "actions/cache/save@v4": self.save,
                "actions/upload-artifact@v4": self.upload, "actions/download-artifact@v4": self.download}
        return acts[action](given) or 0

    def play(self, log):
        job = self.document["jobs"][self.name]
        assert self.document["defaults"]["run"]["shell"] == "bash"
        names = dict(self.document["env"])
        names.update({k: self.fill(v, names) for k, v in (job.get("env") or {}).items()})
        names.update(self.given)
        event = "pull_request" if self.name == "change" else "push"
        self.env.update({
            "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": self.work, "GITHUB_EVENT_NAME": event,
            "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "0" * 40,
            "GITHUB_REF": "refs/heads/main", "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/lmpipe.yml@refs/heads/main"})
        first = 0
        open(os.path.join(self.state, "summary"), "w", encoding="utf-8").close()
        for step in job["steps"]:
            if not self.holds(step.get("if"), first, names):
                continue
            if "uses" in step:
                given = {k: self.fill(v, names) if isinstance(v, str) else v for k, v in (step.get("with") or {}).items()}
                status = self.act(step["uses"], given)
            else:
                page = os.path.join(self.state, "step")
                open(page, "w", encoding="utf-8").close()
                own = {k: self.fill(v, names) for k, v in (step.get("env") or {}).items()}
                env = {**self.env, **names, **own, "GITHUB_STEP_SUMMARY": page}
                env = {k: str(v) for k, v in env.items()}
                text = self.fill(step["run"], names)
                assert "${{" not in text, "expressions in a script are open to injection: " + text
                status = run(text, self.work, env, ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"], log)
                with open(page, encoding="utf-8") as one, open(os.path.join(self.state, "summary"), "a",
                                                               encoding="utf-8") as all_of_them:
                    all_of_them.write(one.read())
            first = first or status
        return first


# ---- GitLab ----

class GitLab(Job):
    def resolve(self, name):
        own = self.document[name]
        return {**self.resolve(own["extends"]), **own} if "extends" in own else dict(own)

    def fill(self, text, env):
        return re.sub(r"\$(\w+)", lambda m: env[m.group(1)], str(text))

    def matches(self, patterns, env):
        """Globs as GitLab reads them: ** is any number of folders; a folder that fits is meant with all in it."""
        def regex(pattern):
            parts = re.split(r"(\*\*/|\*\*|\*)", self.fill(pattern, env).rstrip("/"))
            signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
            return re.compile("".join(signs.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
        rules = [regex(pattern) for pattern in patterns or []]
        return lambda path: any(rule.fullmatch(path) for rule in rules)

    def play(self, log):
        job = self.resolve(self.name)
        assert job["image"] == "$LMPIPE_IMAGE" and job["stage"] in self.document["stages"]
        env = {**self.env, **{k: str(v) for k, v in self.document["variables"].items()}, **self.given}
        env.update({"GITLAB_CI": "true", "CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "1",
                    "CI_DEFAULT_BRANCH": "main", "CI_JOB_TOKEN": "none", "CI_PROJECT_URL": "https://gitlab.example/o/r",
                    "CI_COMMIT_SHA": "0" * 40, "CI_RUNNER_ID": "3", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": "none",
                    "CI_NODE_INDEX": str(self.shard or 1), "CI_NODE_TOTAL": str(job.get("parallel", 1))})
        cache = job.get("cache") or {}
        for path in cache.get("paths", []):
            carry(self.inside("cache", cache["key"], path), os.path.join(self.work, path))
        for needed in job.get("needs", []):
            for kept in sorted(os.listdir(self.inside("artifacts"))):
                if kept == needed or kept.startswith(needed + "-"):
                    carry(self.inside("artifacts", kept), self.work)
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
        status = run("\n".join((job.get("before_script") or []) + job["script"]), self.work, env, shell, log)
        if job.get("after_script"):
            run("\n".join(job["after_script"]), self.work, env, shell, log)
        if cache and cache.get("policy") != "pull" and (status == 0 or cache.get("when") == "always"):
            for path in cache["paths"]:
                carry(os.path.join(self.work, path), self.inside("cache", cache["key"], path))
        artifacts = job.get("artifacts") or {}
        if artifacts and (status == 0 or artifacts.get("when") == "always"):
            wanted, left = self.matches(artifacts["paths"], env), self.matches(artifacts.get("exclude"), env)
            target = os.path.join(self.state, "artifacts", self.name + ("-%s" % self.shard if self.shard else ""))
            carry(self.work, target, lambda path: wanted(path) and not left(path))
        return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("system", choices=["github", "gitlab"])
    parser.add_argument("file")
    parser.add_argument("job")
    parser.add_argument("--repo", required=True)
    parser.add_argument("--state", required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--shard", default="")
    args = parser.parse_args()
    os.makedirs(args.state, exist_ok=True)
    with open(os.path.join(args.state, "log"), "w", encoding="utf-8", errors="surrogateescape") as log:
        status = {"github": GitHub, "gitlab": GitLab}[args.system](args).play(log)
    sys.exit(status)


main()
