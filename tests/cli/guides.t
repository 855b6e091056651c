#!/bin/bash
# docs/from-*.md: what is ours there is run (page.sh); commands of ours that stand in tables stand in a block, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/page.sh"

sanitized && skip_all "what its commands do is tested, each for itself; here it is whether the pages are right"

for file in "$LM_SOURCE"/docs/from-*.md; do
    run_page "$file"
    while IFS= read -r command; do
        ok "$page: \`$command\` stands in a block" grep -qF -- "$command" "$notes/commands"
    done < <(awk '/^```/ { open = !open } !open' "$file" | grep -o '`lmpipe [^`]*`' | tr -d '`' | sort -u)
done
ok "both pages" test -s "$LM_WORK/from-sweeps.notes/commands" -a -s "$LM_WORK/from-dvc.notes/commands"
done_testing
