#!/bin/bash
# docs/corpora.md: each kind of file through the lines that the page gives for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/page.sh"

run_page "$LM_SOURCE/docs/corpora.md"
done_testing
