"""The campaign of gc.t: gc_campaign.py FOLDER ROUNDS SEED, with $LMPIPE and $LMPIPE_STORE.

It keeps its own books on what was run, tagged and exported, in terms of what specs said, and knows
nothing of roots and records of runs. After each gc it holds the store against them: a set of keys
that must be there, and a set beyond which nothing may be there.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

folder, rounds, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
lmpipe, store = os.environ["LMPIPE"], pathlib.Path(os.environ["LMPIPE_STORE"])
rng = random.Random(seed)
number = bad = 0


def report(good, name, detail=""):
    global number, bad
    number += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    if not good:
        print("# " + str(detail).replace("\n", "\n# "))


def call(where, *arguments):
    done = subprocess.run([lmpipe, *arguments], cwd=where, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done


SPEC = """lmpipe: 1
experiment: both
vars: {{v: {v}, w: {w}}}
stages:
  c1: {{uses: download, with: {{sources: [{{name: a, path: shared.txt}}]}}}}
  c2: {{uses: download, with: {{sources: [{{name: a, path: own.txt}}]}}}}
  t1: {{uses: clean, in: {{corpus: c1}}, with: {{documents: {{by: line}}, split: {{by: position, valid: "${{v}}"}}}}}}
  t2: {{uses: clean, in: {{corpus: c2}}, with: {{documents: {{by: line}}, split: {{by: position, valid: "${{w}}"}}}}}}
"""
SHARES = [0.1, 0.2, 0.3, 0.4]


def lines(word):
    return "".join(f"the text of number {i} of {word}\n" for i in range(40))


def lay(where, content):
    """A project whose files say (name, v, w, x)."""
    name, v, w, x = content
    where.mkdir(parents=True, exist_ok=True)
    (where / "artifacts").mkdir(exist_ok=True)
    (where / "spec.yaml").write_text(SPEC.format(v=v, w=w))
    (where / "shared.txt").write_text(lines("both"))
    (where / "own.txt").write_text(lines(f"{name} {x}"))


class Run:
    """is_certain: it ended; is_lost: an earlier gc may have taken its results."""

    def __init__(self, content, settings="", is_certain=True):
        self.content, self.settings, self.is_certain = content, settings, is_certain
        self.is_lost = False


class Project:
    def __init__(self, name):
        self.name = name
        self.folder = folder / name
        self.now = (name, 0.1, 0.1, 0)
        self.good = None      # content of the last time that all was well
        self.runs = []        # oldest first
        self.tags = {}        # name: content
        self.is_last_good = False
        lay(self.folder, self.now)

    def plan(self, content):
        """What another project with these files would find in the store."""
        other = folder / f"copy-{self.name}"
        lay(other, content)
        return call(other, "plan", "spec.yaml", "--json")


keys_of = {}  # content: keys that it is known to have


def learn(project, content):
    """Notes the keys of a content as far as they are known; are all of them hits?"""
    planned = project.plan(content)
    rows = json.loads(planned.stdout)
    known = keys_of.setdefault(content, set())
    known.update(row["key"] for row in rows if row.get("key"))
    return all(row["state"] == "hit" for row in rows)


def files(kind):
    found = {path.parent.name + path.name: path for path in (store / kind).glob("??/*")}
    return {name: path for name, path in found.items() if ".tmp." not in name}


def disk():
    """Without locks, into which holders write their process."""
    return sum(path.lstat().st_size for path in store.rglob("*")
               if not path.is_dir() and path.parent.name != "locks")


def objects_named():
    named = set()
    for path in files("actions").values():
        for line in path.read_text(errors="replace").splitlines():
            words = line.split()
            if words and words[0] == "key-text":
                break
            if words and words[0] == "file":
                named.add(words[1])
    return named


def needs(keep_runs):
    """Keys that must be there after a gc, and those that may."""
    must, may = set(), set()

    def add(content, is_certain=True):
        may.update(keys_of.get(content, set()))
        if is_certain:
            must.update(keys_of.get(content, set()))

    for project in projects:
        add(project.good)
        add(project.now, project.now == project.good)
        for content in project.tags.values():
            add(content)
        for content in baselines.values():
            add(content)
        # A run that was killed may count as one of the last, or not.
        seen_at_least, seen_at_most = set(), set()
        for run in reversed(project.runs):
            identity = (run.content, run.settings) if run.is_certain else object()
            seen_at_most.add(identity)
            if run.is_certain:
                seen_at_least.add(identity)
            if len(seen_at_least) <= keep_runs:
                add(run.content, False)
            is_kept = run.is_certain and len(seen_at_most) <= keep_runs
            if is_kept and not run.is_lost:
                add(run.content)
            run.is_lost = run.is_lost or not is_kept
        # Stages without a result keep the last one that they had.
        for run in reversed(project.runs):
            add(run.content, False)
            if run.is_certain:
                break
    return must, may


def check_store(name, keep_runs, is_exact):
    must, may = needs(keep_runs)
    there = files("actions")
    missing = must - set(there)
    report(not missing, f"{name}: what is needed is there", missing)
    named, objects = objects_named(), set(files("objects"))
    report(not named - objects, f"{name}: results have their objects", named - objects)
    if is_exact:
        report(set(there) <= may, f"{name}: nothing else is there", set(there) - may)
        report(not list((store / "actions").rglob("*.tmp.*")), f"{name}: no record that was not finished")
        report(objects <= named, f"{name}: and no object without a result", objects - named)


def kill_within(process, seconds):
    time.sleep(rng.random() * seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def start(where, *arguments):
    return subprocess.Popen([lmpipe, *arguments], cwd=where, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ---- what may happen ----


def edit(project):
    name, v, w, x = project.now
    what = rng.randrange(3)
    project.now = (name, rng.choice(SHARES) if what == 0 else v, rng.choice(SHARES) if what == 1 else w,
                   rng.randrange(3) if what == 2 else x)
    lay(project.folder, project.now)


def run(project):
    done = call(project.folder, "run", "spec.yaml", "--progress", "none")
    report(done.returncode == 0, f"{project.name} runs", done.stderr)
    learn(project, project.now)
    project.good = project.now
    project.runs.append(Run(project.now))
    project.is_last_good = True


def run_with_setting(project):
    name, v, w, x = project.now
    v = rng.choice(SHARES)
    done = call(project.folder, "run", "spec.yaml", "--progress", "none", "-S", f"v={v}")
    report(done.returncode == 0, f"{project.name} runs with -S", done.stderr)
    learn(project, (name, v, w, x))
    project.runs.append(Run((name, v, w, x), f"{project.now} v={v}"))
    project.is_last_good = False


def run_killed(project):
    length = lengths["run"]
    status = kill_within(start(project.folder, "run", "spec.yaml", "--progress", "none"), length)
    counts["kills"] += status == -signal.SIGKILL
    is_whole = learn(project, project.now)
    if is_whole:
        project.good = project.now
    project.runs.append(Run(project.now, "", status == 0))
    project.is_last_good = False


def tag(project):
    if not project.is_last_good:
        return run(project)
    name = f"{project.name}-{rng.randrange(3)}"
    done = call(project.folder, "exp", "tag", name, "spec.yaml")
    report(done.returncode == 0, f"a tag for {project.name}", done.stderr)
    project.tags[name] = project.runs[-1].content


def untag(project):
    if not project.tags:
        return edit(project)
    name = rng.choice(sorted(project.tags))
    done = call(project.folder, "exp", "tag", "--remove", name)
    report(done.returncode == 0, f"{name} is no tag any more", done.stderr)
    del project.tags[name]


def options():
    for project in projects:
        learn(project, project.now)  # what was edited and not run may hit all the same
    keep_runs = rng.randrange(4)
    return keep_runs, ["--keep-runs", str(keep_runs), "--grace", "0"]


def gc(project):
    keep_runs, chosen = options()
    before = disk()
    said = call(project.folder, "cache", "gc", "--json", "--dry-run", *chosen)
    report(said.returncode == 0 and disk() == before, "gc --dry-run changes nothing", said.stderr)
    done = call(project.folder, "cache", "gc", "--json", *chosen)
    report(done.returncode == 0, f"gc --keep-runs {keep_runs}", done.stderr)
    promised, freed = (json.loads(each.stdout)["freed_bytes"] for each in (said, done))
    report(promised == freed == before - disk(), "gc frees what it said",
           f"{promised} promised, {freed} told, {before - disk()} freed")
    counts["freed"] += freed
    check_store(f"after gc --keep-runs {keep_runs}", keep_runs, True)


def gc_gently(project):
    before = len(files("actions"))
    done = call(project.folder, "cache", "gc")
    report(done.returncode == 0 and len(files("actions")) == before, "gc spares what is young", done.stdout)


def gc_killed(project):
    keep_runs, chosen = options()
    status = kill_within(start(project.folder, "cache", "gc", *chosen), lengths["gc"])
    counts["gc kills"] += status == -signal.SIGKILL
    check_store(f"gc --keep-runs {keep_runs} was killed", keep_runs, False)


def gc_beside_run(project):
    runner = start(project.folder, "run", "spec.yaml", "--progress", "none")
    time.sleep(rng.random() * lengths["run"])
    keep_runs, chosen = options()
    done = call(projects[0].folder, "cache", "gc", *chosen)
    counts["refusals"] += done.returncode == 3
    report(done.returncode in (0, 3), "gc beside a run does its work or leaves", done.stderr)
    report(runner.wait() == 0, "and the run ends well")
    needs(keep_runs)  # it may have come before the run, or after it
    is_whole = learn(project, project.now)
    report(is_whole, "with all its results")
    project.good = project.now
    project.runs.append(Run(project.now))
    needs(keep_runs)
    project.is_last_good = True


def export(project):
    if not project.is_last_good:
        return run(project)
    path = folder / f"baseline{rng.randrange(2)}.json"
    done = call(project.folder, "exp", "export", "spec.yaml", "-o", str(path))
    # These specs have no metrics that can be exported; what matters is tested in cli/cache.t.
    report(done.returncode in (0, 1), "an export", done.stderr)
    if done.returncode == 0:
        baselines[path] = project.runs[-1].content


EVENTS = [(edit, 6), (run, 6), (run_with_setting, 3), (run_killed, 5), (tag, 3), (untag, 1), (gc, 6),
          (gc_gently, 1), (gc_killed, 3), (gc_beside_run, 2), (export, 1)]

print(f"# LM_FAULT_SEED={seed}")
projects = [Project("one"), Project("two")]
baselines = {}
counts = {"kills": 0, "gc kills": 0, "refusals": 0, "freed": 0}
lengths = {}
for each in projects:
    begin = time.monotonic()
    run(each)
    lengths["run"] = time.monotonic() - begin
begin = time.monotonic()
gc(projects[0])
lengths["gc"] = (time.monotonic() - begin) / 2
for _ in range(rounds):
    event = rng.choices([row[0] for row in EVENTS], [row[1] for row in EVENTS])[0]
    project = rng.choice(projects)
    print(f"# {event.__name__} {project.now}", flush=True)
    event(project)
gc(projects[0])
for each in projects:
    lay(each.folder, each.good)
    planned = call(each.folder, "plan", "spec.yaml", "--check")
    report(planned.returncode == 0, f"{each.name}: the last good results still hit", planned.stdout)
    for content in each.tags.values():
        report(learn(each, content), f"{each.name}: and those of a tag")
verified = call(folder, "cache", "verify")
report(verified.returncode == 0, "every byte is sound", verified.stdout)
print(f"# {rounds} rounds: {counts}")
print(f"1..{number}")
sys.exit(bad > 0)
