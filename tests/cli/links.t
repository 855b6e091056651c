#!/bin/bash
# Links, pipes and unreadable things inside a folder that is a source: what is taken is what is in the
# digest, so no edit stays a hit.
. "$(dirname "$0")/lib.sh"

fresh links
mkdir -p data/sub outside/deep
cp tiny.txt data/a.txt
cp tiny.txt outside/b.txt
cp tiny.txt outside/deep/c.txt
ln -s ../outside data/linked
ln -s ../outside/b.txt data/file.txt
spec() { # SOURCE
    printf 'lmpipe: 1\nexperiment: links\nstages:\n  corpus:\n    uses: download\n    with:\n      sources: [{name: a, %s}]\n' "$1" >l.yaml
}
members() {
    "$LMPIPE" cat l.yaml corpus.corpus | sed -n 's|.*  files/a/||p' | tr '\n' ' '
}

spec 'path: data'
lmpipe run l.yaml --progress none
is "a folder with links" "$status" 0
is "links are followed, to folders too" "$(members)" "a.txt file.txt linked/b.txt linked/deep/c.txt "
lmpipe plan l.yaml
like "then it is a hit" "$out" '^hit corpus'
echo more >>outside/deep/c.txt
lmpipe plan l.yaml
like "an edit behind a link is seen" "$out" '^run corpus'
lmpipe run l.yaml --progress none
cp tiny.txt outside/deep/d.txt
lmpipe plan l.yaml
like "a new file behind a link is seen" "$out" '^run corpus'
rm outside/deep/d.txt

# --- loops end ---------------------------------------------------------------------------------
ln -s .. data/sub/up
ln -s . data/self
ln -s ../data outside/back
lmpipe run l.yaml --progress none
is "links that lead back" "$status" 0
is "add nothing" "$(members)" "a.txt file.txt linked/b.txt linked/deep/c.txt "
for i in $(seq 1 30); do # 2^30 ways through
    mkdir -p "many/$i"
    ln -s "../$((i + 1))" "many/$i/x"
    ln -s "../$((i + 1))" "many/$i/y"
done
mkdir -p many/31
spec 'path: many/1'
lmpipe run l.yaml --progress none
ok "links to links to links: refused" [ "$status" != 0 ]
like "in words" "$err" 'links to folders; remove'
is "in one line" "$(grep -c 'error:' <<<"$err")" 1

# --- what is no file -----------------------------------------------------------------------------
spec 'path: data'
mkfifo data/pipe
lmpipe run l.yaml
is "a pipe" "$status" 0
rm data/pipe
ln -s user@host.1234:5678 'data/.#a.txt'
lmpipe run l.yaml --progress none
is "an editor's lock" "$status" 0
ln -s nowhere data/gone.txt
echo more >>data/a.txt
lmpipe run l.yaml --progress none
is "a file that is gone: exit 1" "$status" 1
like "by its name" "$err" '"gone.txt" is a link that leads nowhere; '
spec 'path: data, include: ["a*", "linked/*"]'
lmpipe run l.yaml --progress none
is "include leaves it out" "$status" 0
is "and takes the rest" "$(members)" "a.txt linked/b.txt linked/deep/c.txt "
ln -s loop1 data/loop2
ln -s loop2 data/loop1
lmpipe run l.yaml --progress none
is "links to one another" "$status" 0
done_testing
