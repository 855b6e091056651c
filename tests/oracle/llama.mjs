// llama.cpp (node-llama-cpp) over a GGUF file of lmpipe's, beside what gguf_oracle said of it:
//     node llama.mjs NODE_MODULES FILE.gguf PROMPTS SAID.json [TOLERANCE]
// The same ids, the probabilities of the likeliest next tokens within TOLERANCE (relative), the same
// greedy text. Keys and values are kept in F32, without flash attention: as exact as it can be asked.
import {readFileSync} from "node:fs";
import {pathToFileURL} from "node:url";
import {resolve} from "node:path";

const [modules, file, prompts, said, tolerance = "5e-3"] = process.argv.slice(2);
const {getLlama} = await import(pathToFileURL(resolve(modules, "node-llama-cpp/dist/index.js")).href);
const texts = readFileSync(prompts, "utf8").split("\n").slice(0, -1);
const wanted = JSON.parse(readFileSync(said, "utf8"));

const llama = await getLlama({build: "never", gpu: false, logLevel: "error"});
const isVocab = wanted[0].greedy === undefined;
const model = await llama.loadModel({modelPath: resolve(file), vocabOnly: isVocab});
let ids = 0, greedy = 0, worst = 0;
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);

for (const [i, want] of wanted.entries()) {
    const got = model.tokenize(texts[i], false);
    if (same(got, want.ids)) ids++;
    else console.log(`# line ${i + 1}: ids ${got.slice(0, 20)}, not ${want.ids.slice(0, 20)}`);
}
if (!isVocab) {
    const context = await model.createContext({
        contextSize: model.trainContextSize, threads: 1, flashAttention: false,
        experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
    });
    const sequence = context.getSequence();
    for (const [i, want] of wanted.entries()) {
        const last = want.ids.length - 1;
        await sequence.clearHistory();
        const result = await sequence.controlledEvaluate(
            want.ids.map((id, k) => k < last ? id : [id, {generateNext: {probabilities: true}}]));
        const odds = result[last].next.probabilities;
        for (const [id, p] of want.top)
            worst = Math.max(worst, Math.abs(odds.get(id) - p) / p);
        await sequence.clearHistory();
        const text = [];
        for await (const token of sequence.evaluate(want.ids, {temperature: 0, yieldEogToken: true})) {
            text.push(token);
            if (text.length === want.greedy.length) break;
        }
        if (same(text, want.greedy)) greedy++;
        else console.log(`# prompt ${i + 1}: greedy ${text}, not ${want.greedy}`);
    }
}
console.log(JSON.stringify({texts: wanted.length, ids, greedy, worst, llama: llama.llamaCppRelease.release}));
const good = ids === wanted.length && (isVocab || (greedy === wanted.length && worst <= Number(tolerance)));
await llama.dispose();
process.exit(good ? 0 : 1);
