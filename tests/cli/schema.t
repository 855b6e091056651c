#!/bin/bash
# The JSON Schema accepts the experiments and refuses what `check` refuses for its form.
. "$(dirname "$0")/lib.sh"

lmpipe schema
is "schema: exit 0" "$status" 0
printf '%s' "$out" >"$LM_WORK/schema.json"
if ! python3 -c 'import jsonschema, yaml; jsonschema.Draft202012Validator' 2>/dev/null; then
    echo "ok 2 - specs against it # SKIP python3-jsonschema and python3-yaml are not installed"
    echo "1..2"
    exit "$((LM_BAD > 0))"
fi
cat >"$LM_WORK/validate.py" <<'PY'
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    bad = list(validator.iter_errors(yaml.safe_load(open(name))))
    print(name.split("/")[-1], "; ".join("/".join(map(str, e.path)) + " " + e.message[:100] for e in bad) or "fits")
PY
bad=(enum float-bounds float-typo int-bounds gates-map stage-keys unknown-parameter unknown-top-key
    unknown-type resources numerics input-unknown-port input-missing source-keys experiment-store)
files=("${bad[@]/#/$LM_SOURCE/tests/specs/bad/}")
files=("${files[@]/%/.yaml}")
python3 "$LM_WORK/validate.py" "$LM_WORK/schema.json" "$LM_SOURCE"/experiments/*.yaml \
    "${files[@]}" >"$LM_WORK/verdicts"
verdict() { # FILE
    sed -n "s/^$1 //p" "$LM_WORK/verdicts"
}
for spec in "$LM_SOURCE"/experiments/*.yaml; do
    is "$(basename "$spec") satisfies it" "$(verdict "$(basename "$spec")")" fits
done
for name in "${bad[@]}"; do
    like "$name does not" "$(verdict "$name.yaml")" '^[^ ]* .*'
    unlike "$name is not taken" "$(verdict "$name.yaml")" '^fits$'
done
done_testing
