# shellcheck shell=bash
# shellcheck disable=SC2034 # status, out and err are for the tests
# Shell TAP over the built program. Sourced by tests/cli/*.t.
#   $LMPIPE       the program          $LM_TEST_DATA  tests/data        $LM_SOURCE  the tree
# A test is a line of `is`, `like`, `ok` …; `done_testing` prints the plan and the verdict.
set -u -o pipefail

: "${LMPIPE:?the program under test}"
LM_SOURCE=${LM_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
LM_TEST_DATA=${LM_TEST_DATA:-$LM_SOURCE/tests/data}
unset LMPIPE_STORE LMPIPE_THREADS LMPIPE_KERNELS NO_COLOR CI LM_NUMBER LM_BAD
export LC_ALL=C.UTF-8 TERM=dumb
PATH=/usr/bin:/bin:$PATH # the system's programs, not wrappers of them that are found first

LM_WORK=$(mktemp -d "${TMPDIR:-/tmp}/lmpipe-test.XXXXXX")
LM_WORK=$(cd "$LM_WORK" && pwd -P)
LM_NUMBER=0
LM_BAD=0
LM_RUNS=0
# Under AddressSanitizer looking for leaks takes a process longer than all else it does: every eighth run does.
LM_ASAN=${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS=detect_leaks=0$LM_ASAN
# Objects of a store are read-only.
trap 'chmod -R u+w "$LM_WORK"; rm -rf "$LM_WORK"' EXIT

report() { # STATUS DESCRIPTION
    LM_NUMBER=$((LM_NUMBER + 1))
    if [ "$1" = 0 ]; then
        echo "ok $LM_NUMBER - $2"
    else
        LM_BAD=$((LM_BAD + 1))
        echo "not ok $LM_NUMBER - $2"
    fi
}

ok() { # DESCRIPTION COMMAND...: the command succeeds
    local name=$1 status=0
    shift
    "$@" || status=1
    report $status "$name"
    [ $status = 0 ] || printf '# failed: %s\n' "$*"
}

not() { # COMMAND...: for `ok`
    ! "$@"
}

is() { # DESCRIPTION GOT WANTED
    if [ "$2" = "$3" ]; then
        report 0 "$1"
    else
        report 1 "$1"
        printf '#      got: %s\n' "${2//$'\n'/$'\n#           '}"
        printf '#   wanted: %s\n' "${3//$'\n'/$'\n#           '}"
    fi
}

like() { # DESCRIPTION TEXT EXTENDED-REGULAR-EXPRESSION: some line matches
    if grep -qE -- "$3" <<<"$2"; then
        report 0 "$1"
    else
        report 1 "$1"
        printf '#   text: %s\n' "${2//$'\n'/$'\n#         '}"
        printf '#   does not match: %s\n' "$3"
    fi
}

unlike() { # DESCRIPTION TEXT EXTENDED-REGULAR-EXPRESSION: no line matches
    if grep -qE -- "$3" <<<"$2"; then
        report 1 "$1"
        printf '#   text: %s\n' "${2//$'\n'/$'\n#         '}"
    else
        report 0 "$1"
    fi
}

sanitized() { # the program carries AddressSanitizer, which loads libraries of its own
    grep -q __asan_init "$LMPIPE"
}

skip_all() { # REASON
    echo "1..0 # SKIP $1"
    exit 77
}

done_testing() {
    echo "1..$LM_NUMBER"
    [ "$LM_BAD" = 0 ] && exit 0
    exit 1
}

# Runs the program: $status, $out and $err are what it did.
lmpipe() {
    status=0
    LM_RUNS=$((LM_RUNS + 1))
    ASAN_OPTIONS=detect_leaks=$((LM_RUNS % 8 == 0))$LM_ASAN "$LMPIPE" "$@" >"$LM_WORK/.out" 2>"$LM_WORK/.err" </dev/null || status=$?
    { out=$(<"$LM_WORK/.out") && err=$(<"$LM_WORK/.err"); } 2>/dev/null # bash says that it leaves NULs out
}

# A fresh experiment in a folder of its own, which becomes the working folder.
fresh() { # NAME
    mkdir -p "$LM_WORK/$1/artifacts"
    cp "$LM_TEST_DATA/tiny.yaml" "$LM_TEST_DATA/tiny.txt" "$LM_WORK/$1/"
    cd "$LM_WORK/$1" || exit 1
}

# Stages by state in the table `run` printed last: executed -> "corpus text …".
in_state() { # STATE
    awk -v state="$1" '$2 == state { printf "%s%s", sep, $1; sep = " " }' <<<"$out"
}
executed() {
    in_state "done"
}

# All artifacts of the last run, "STAGE.PORT DIGEST" a line, each of which is as it was stored.
artifact_digests() { # SPEC
    awk -F'"' '/"stage":/ { stage = $4 } /"outputs": {/ { inside = 1; next } /}/ { inside = 0 } inside { print stage "." $2, $4 }' \
        "artifacts/$(sed -n 's/^experiment: //p' "$1")/run.json"
    "$LMPIPE" cache verify >/dev/null || echo "damaged"
}
