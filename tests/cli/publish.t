#!/bin/bash
# Published files are copies that come back when they are gone.
. "$(dirname "$0")/lib.sh"

fresh publish
lmpipe publish tiny.yaml
unlike "nothing to publish yet" "$out" "report.html"
lmpipe run tiny.yaml --progress none
digest=$(sha256sum <artifacts/tiny/report.html)
rm artifacts/tiny/report.html
lmpipe run tiny.yaml --progress none
is "run publishes again on a hit" "$(executed):$(sha256sum <artifacts/tiny/report.html)" ":$digest"

rm artifacts/tiny/report.md
lmpipe publish tiny.yaml
is "publish succeeds" "$status" 0
like "and names what it published" "$out" '^artifacts/tiny/report\.md$'
ok "the file is back" test -s artifacts/tiny/report.md

is "a copy, not a link into the store" "$(stat -c %h artifacts/tiny/report.html)" 1
chmod u+w artifacts/tiny/report.html
echo broken >artifacts/tiny/report.html
lmpipe run tiny.yaml --progress none
is "damage outside the store executes nothing" "$(executed)" ""
is "and is healed" "$(sha256sum <artifacts/tiny/report.html)" "$digest"

# Damage inside the store is a miss, and heals.
object=$("$LMPIPE" cat tiny.yaml vocab.vocab | sha256sum | cut -c1-64)
file=artifacts/store/objects/${object:0:2}/${object:2}
ok "objects are named by their digest" test -f "$file"
chmod u+w "$file"
truncate -s 10 "$file"
lmpipe run tiny.yaml --progress none
is "a damaged object runs its stage again" "$(executed)" "vocab"
is "with the same bytes" "$(sha256sum <"$file" | cut -c1-64)" "$object"

# Modes are what the umask leaves.
modes() {
    find artifacts/tiny -printf '%y %m\n' | sort -u | tr '\n' ';'
}
for mask in 022 027 077 002; do
    rm -rf artifacts/tiny
    (umask $mask && "$LMPIPE" run tiny.yaml --progress none >/dev/null)
    is "umask $mask: what is published" "$(modes)" "$(printf 'd %o;f %o;' $((0777 & ~mask)) $((0666 & ~mask)))"
done

# The folder remembers its spec.
cp tiny.yaml other.yaml
lmpipe run other.yaml --progress none
is "another spec of the same experiment is refused" "$status" 2
like "with both named" "$err" 'tiny\.yaml'
done_testing
