#!/bin/bash
# Runs, edits, tags, exports, kills and gc in random order, in two projects that share a store: what
# is needed is always there, what nobody needs is gone, and gc says beforehand what it will free.
#
#   gc.t [ROUNDS]   default: 25; the whole campaign is 500 (make -f Makefile.ci campaign).
#                   LM_FAULT_SEED=N repeats.
. "$(dirname "$0")/../cli/lib.sh"

command -v python3 >/dev/null || skip_all "no python3"
LMPIPE_STORE=$LM_WORK/store python3 "$(dirname "$0")/gc_campaign.py" "$LM_WORK" "${1:-25}" "${LM_FAULT_SEED:-$$}"
