#!/bin/bash
# clean's languages: what is kept and why, its key; and what is said where the plugin is absent.
. "$(dirname "$0")/lib.sh"
cd "$LM_WORK" || exit 1
mkdir artifacts

en='The quick brown fox jumps over the lazy dog, and nobody in the village was surprised by it'
de='Der schnelle braune Fuchs springt über den faulen Hund, und niemand im Dorf war überrascht'
ru='Быстрая коричневая лиса прыгает через ленивую собаку, и никто в деревне не удивился'
zh='甄士隐梦幻识通灵，贾雨村风尘怀闺秀。此开卷第一回也，作者自云曾历过一番梦幻'
for i in 1 2 3 4; do printf '%s %d.\n' "$en" $i "$de" $i "$ru" $i "$zh" $i; done >texts
echo "12 34 56 !" >>texts
cat >spec.yaml <<'E2'
lmpipe: 1
experiment: languages
vars: {keep: [en, zh], min: 0.65}
stages:
  corpus: {uses: download, with: {sources: [{name: mine, path: texts}]}}
  text:
    uses: clean
    in: {corpus: corpus}
    with: {documents: line, split: {by: position, valid: 0.3, test: 0}, removals: true, language: {keep: "${keep}", min: "${min}"}}
E2

# Without the plugin beside it the same program refuses, before anything is done.
mkdir bin
for program in "$LMPIPE" "$(dirname "$LMPIPE")/../worker/lmpipe-worker"; do
    ln "$program" bin/ 2>/dev/null || cp "$program" bin/
done
here=$LMPIPE
LMPIPE=$LM_WORK/bin/lmpipe
for verb in run plan; do
    lmpipe $verb spec.yaml --store absent
    is "absent: $verb" "$status" 2
    like "absent: $verb names the place and the package" "$err" '^lmpipe: error: spec\.yaml:6:3: text: .*libcld2'
done
is "absent: nothing was executed" "$(find absent/actions -type f)" ""
lmpipe doctor
like "absent: doctor says so" "$out" '^library +cld2 +absent: .*libcld2'
sed 's/, language: .*}}/}/; s/^experiment: .*/&-none/' spec.yaml >none.yaml
lmpipe run none.yaml --store absent --progress none
is "absent: nothing is missing where no language is asked for" "$status" 0
LMPIPE=$here

lmpipe run spec.yaml -S min=0.65 -S 'keep=[en, elvish]' --progress none
is "an unknown language" "$status" 2
lmpipe run spec.yaml -S 'keep=[]' -S min=0.5 --progress none
is "a bound without languages" "$status" 2
lmpipe run spec.yaml -S 'keep=[en, en]' --progress none
is "a language twice" "$status" 2

if [ ! -e "$(dirname "$LMPIPE")/../worker/lmpipe-language.so" ]; then
    done_testing
fi
lmpipe doctor
like "doctor names the version" "$out" '^library +cld2 +version V2\.0-[0-9]+ +/.*libcld2'
lmpipe run spec.yaml
is "present: a run" "$status" 0
like "the log says what it took" "$err" 'dropped by language: 9 documents'
lmpipe cat spec.yaml text.removals
is "every removal has its reason" "$(grep -c '"rule":"language","value":0,"min":0.65,"languages":{' <<<"$out")" 9
like "with what was told" "$out" '"languages":\{"ru":0\.9.*Быстрая'
lmpipe cat spec.yaml text.card
card=$(tr -d ' \n' <<<"$out")
like "the card counts it" "$card" '"rule":"language","min":0.65,"keep":\["en","zh"\].*"documents":9'
like "and has a histogram" "$card" '"languages":\[\{"language":"de","documents":4,"bytes":[0-9]+,"kept":0\}.*"not-?told"'
like "by language and what was kept" "$card" '\{"language":"zh","documents":4,"bytes":[0-9]+,"kept":4\}'
lmpipe run spec.yaml -S min=0.98 --progress none
like "at the threshold they stay" "$out" 'text +done.* 8 of 17 documents'
lmpipe run spec.yaml -S min=0.981 --progress none
like "just over it they go" "$out" 'text +done.* 4 of 17 documents'
lmpipe run spec.yaml -S 'keep=[fr]' --progress none
is "when nothing is left" "$status" 1
like "that is said by name" "$err" 'fell to "language"'
key=$(cat artifacts/store/actions/*/*)
like "the key holds the version" "$key" '^library cld2 V2\.0-[0-9]+$'
like "and what is kept" "$key" '^param language\.keep\.0 enum "en"$'
unlike "without the option it holds neither" "$(cat absent/actions/*/*)" 'cld2|param language'
lmpipe run spec.yaml --threads 2 --store two --progress none
is "threads change nothing" "$(lmpipe cat spec.yaml text.removals --store two; sha256sum <<<"$out")" \
    "$(lmpipe cat spec.yaml text.removals; sha256sum <<<"$out")"
done_testing
