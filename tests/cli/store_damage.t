#!/bin/bash
# A store that was damaged, moved or left by the dead: every run completes and gives the artifacts of
# an undisturbed one; `plan` changes nothing; `cache verify` finds what no stat can see.
. "$(dirname "$0")/lib.sh"

fresh sound
lmpipe run tiny.yaml -S steps=20 --progress none
is "a run" "$status" 0
want=$(artifact_digests tiny.yaml)
store=artifacts/store

again() { # DESCRIPTION: the run completes with the same artifacts
    lmpipe run tiny.yaml -S steps=20 --progress none
    is "$1: the run completes" "$status" 0
    [ "$status" = 0 ] || echo "# ${err//$'\n'/$'\n# '}"
    is "$1: with the same artifacts" "$(artifact_digests tiny.yaml)" "$want"
}

# Everything but the indexes, the answer of the probe and records of runs.
inventory() {
    find "$store" -mindepth 1 ! -path "$store/index" ! -path "$store/records" ! -path "$store/probe" \
        ! -path "$store/runs/*" -printf '%P %i %s %m\n' | sort
}

biggest() { find "$store/objects" -type f -printf '%s %p\n' | sort -n | tail -1 | cut -d' ' -f2; }

# ---- carried as files ----

rm -f "$store"/locks/*
find "$store" -type d -empty -delete
ok "without empty folders" test ! -d "$store/locks"
again "a store without its empty folders"
is "it kept its results" "$(executed)" ""

# ---- plan only looks ----

object=$(biggest)
chmod u+w "$object" && truncate -s -1 "$object"
record=$(find "$store/actions" -type f | head -1)
echo nonsense >"$record"
before=$(inventory)
lmpipe plan tiny.yaml -S steps=20
is "plan of a damaged store" "$status" 0
lmpipe why tiny.yaml model -S steps=20
is "why, too" "$status" 0
is "both leave it as it is" "$(inventory)" "$before"
again "a truncated object, a damaged record"
ok "what was damaged is kept" test -n "$(ls "$store/damaged")"

# ---- what stands in the way ----

while read -r place kind; do
    [ "$place" = object ] && path=$(biggest)
    [ "$place" = record ] && path=$(find "$store/actions" -type f | sort | head -1)
    [ "$place" = last ] && path=artifacts/tiny/.lmpipe
    [ "$place" = VERSION ] && path=$store/VERSION
    [ "$place" = index ] && path=$store/index
    [ "$place" = records ] && path=$store/records
    [ "$place" = lock ] && path=$store/locks/store
    [ "$place" = published ] && path=artifacts/tiny/report.html
    rm -rf "$path"
    case $kind in
    folder) mkdir -p "$path/inside" ;;
    link) ln -s /etc/hostname "$path" ;;
    empty) : >"$path" ;;
    esac
    again "a $kind in the place of $place"
done <<'END'
object folder
object link
object empty
record folder
record link
record empty
last folder
last link
VERSION folder
VERSION empty
index folder
index empty
records folder
records link
lock folder
lock link
published folder
published link
END

# ---- leftovers of the dead ----

key=$(basename "$(dirname "$(find "$store/actions" -type f | head -1)")")$(basename "$(find "$store/actions" -type f | head -1)")
mkdir -p "$store/tmp/dead/model/out" "$store/checkpoints/$key"
: >"$store/tmp/dead.lock"
: >"$store/locks/$key"
: >"$store/VERSION.tmp.4711"
: >"$store/actions/${key:0:2}/${key:2}.tmp.4711"
: >"$store/checkpoints/$key/a"
lmpipe run tiny.yaml -S steps=20 --force report --progress none
is "a run beside leftovers" "$status" 0
is "sweeps them" "$(find "$store/tmp" "$store/locks" "$store/checkpoints" -mindepth 1 ! -name store ! -path '*.aside.*'; find "$store" -name '*.tmp.*')" ""

# ---- rot: the bytes change, the stat does not ----

lmpipe cache verify
is "a sound store verifies" "$status" 0
like "and says what was read" "$out" "^[0-9]+ objects \(.*\) and [0-9]+ records were read: all are as they were stored$"
object=$(find "$store/objects" -type f -size +0 | sort | head -1)
chmod u+w "$object"
printf '\377' | dd of="$object" bs=1 seek=3 conv=notrunc status=none
lmpipe cache verify
is "damage: exit 3" "$status" 3
like "the object is named, with the stages that run again" "$out" "^damaged +${object#"$store"/}: (.*, )?tiny/[a-z]+( runs again| run again|,)"
lmpipe cache verify --json
is "what was damaged has been set aside, and is missing" "$status" 3
like "as an object" "$out" '"what": "missing"'
again "after the damage"
lmpipe cache verify --json
is "the store is sound again" "$status" 0
like "and says so to programs" "$out" '"damaged": 0'
lmpipe cache verify --store nowhere
is "no store: exit 3" "$status:$out" "3:"
done_testing
