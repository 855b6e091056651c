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
bad = list(jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(open(sys.argv[2]))))
for error in bad:
    print("/".join(map(str, error.path)), error.message[:100])
sys.exit(bool(bad))
PY
validate() { # FILE
    python3 "$LM_WORK/validate.py" "$LM_WORK/schema.json" "$1"
}
for spec in "$LM_SOURCE"/experiments/*.yaml; do
    ok "$(basename "$spec") satisfies it" validate "$spec"
done
for name in enum float-bounds float-typo int-bounds gates-map stage-keys unknown-parameter unknown-top-key \
    unknown-type resources numerics input-unknown-port input-missing source-keys experiment-store; do
    is "$name does not" "$(validate "$LM_SOURCE/tests/specs/bad/$name.yaml" >/dev/null 2>&1 && echo yes || echo no)" no
done
done_testing
