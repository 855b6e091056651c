/* lmpipe model: what each command is. The worker program, which carries the model core, does it. */
#include "model_commands.h"
#include <math.h>

#include "base/suggest.h"
#include "commands.h"
#include "partial.h"

#define INFO(field) .offset = offsetof(struct lm_model_info_args, field)
#define GENERATE(field) .offset = offsetof(struct lm_model_generate_args, field)
#define CREATE(field) .offset = offsetof(struct lm_model_create_args, field)
#define SHAPE(field) .offset = offsetof(struct lm_model_create_args, shape.field)
#define SCORE(field) .offset = offsetof(struct lm_model_score_args, field)
#define EXPORT(field) .offset = offsetof(struct lm_model_export_args, field)
#define IMPORT(field) .offset = offsetof(struct lm_model_import_args, field)

/* lm_dtype_names, whose file reads and writes models: the light program does without. */
static const char *const dtypes[] = {"f32", "f16", "bf16", NULL};
static const char *const forms[LM_FORMS + 1] = {"safetensors", "gguf", NULL};

static const struct lm_option info_options[] = {
    LM_PARTIAL_ROW,
    LM_SPEC_ROWS,
    {.name = "tensors",
     .kind = LM_O_FLAG,
     INFO(tensors),
     .help = "list the weight tensors with their shapes"},
    LM_JSON_ROW(struct lm_model_info_args, json, "an object for programs"),
    {0},
};

static const struct lm_model_generate_args generate_defaults = {
    .tokens = 100,
    .temperature = (double)NAN,
    .top_p = (double)NAN,
};

static const struct lm_option generate_options[] = {
    {.name = "prompt",
     .letter = 'p',
     .kind = LM_O_TEXT,
     GENERATE(prompt),
     .metavar = "TEXT",
     .help = "what to continue; - reads standard input, as does a text piped in (default: none)"},
    {.name = "tokens",
     .letter = 'n',
     .kind = LM_O_INT,
     GENERATE(tokens),
     .metavar = "N",
     .min = 1,
     .max = 1000000,
     .help = "at most N new tokens (default 100)"},
    {.name = "temperature",
     .letter = 't',
     .kind = LM_O_FLOAT,
     GENERATE(temperature),
     .metavar = "T",
     .max = 100,
     .help = "0 always takes the most likely token (default 0.8)"},
    {.name = "top-k",
     .kind = LM_O_INT,
     GENERATE(top_k),
     .metavar = "K",
     .max = 1 << 30,
     .help = "sample from the K most likely tokens (default 0: all)"},
    {.name = "top-p",
     .kind = LM_O_FLOAT,
     GENERATE(top_p),
     .metavar = "P",
     .max = 1,
     .help = "sample from the most likely tokens of total probability P (default 0.95)"},
    {.name = "min-p",
     .kind = LM_O_FLOAT,
     GENERATE(min_p),
     .metavar = "P",
     .max = 1,
     .help = "drop tokens below P times the most likely one's probability"},
    {.name = "repetition-penalty",
     .kind = LM_O_FLOAT,
     GENERATE(repetition_penalty),
     .metavar = "R",
     .max = 100,
     .help = "make tokens already seen less likely, R above 1 (default: none)"},
    {.name = "typical-p",
     .kind = LM_O_FLOAT,
     GENERATE(typical_p),
     .metavar = "P",
     .max = 1,
     .help = "sample from the tokens nearest to the expected surprise, of total probability P"},
    {.name = "eta",
     .kind = LM_O_FLOAT,
     GENERATE(eta),
     .metavar = "E",
     .max = 1,
     .help = "drop tokens below min(E, sqrt(E) exp(-entropy))"},
    {.name = "order",
     .kind = LM_O_TEXT,
     GENERATE(order),
     .metavar = "RULES",
     .help = "order of the rules (default: repetition_penalty,temperature,top_k,typical_p,top_p,"
             "min_p,eta)"},
    {.name = "beams",
     .kind = LM_O_INT,
     GENERATE(beams),
     .metavar = "N",
     .max = LM_BEAMS_MAX,
     .help = "beam search of N texts instead of sampling (default 0: off)"},
    {.name = "length-penalty",
     .kind = LM_O_FLOAT,
     GENERATE(length_penalty),
     .metavar = "A",
     .max = 10,
     .help = "of beam search: log probability over ((5 + tokens) / 6)^A (default 0)"},
    {.name = "contrastive-k",
     .kind = LM_O_INT,
     GENERATE(contrastive_k),
     .metavar = "K",
     .max = LM_BEAMS_MAX,
     .help = "contrastive search among the K most likely tokens (default 0: off)"},
    {.name = "contrastive-alpha",
     .kind = LM_O_FLOAT,
     GENERATE(contrastive_alpha),
     .metavar = "A",
     .max = 1,
     .help = "of contrastive search: weight of being unlike the text so far"},
    {.name = "seed",
     .kind = LM_O_INT,
     GENERATE(seed),
     .metavar = "N",
     .max = 9e18,
     .help = "equal seeds give equal texts (default 0)"},
    {.name = "weights",
     .kind = LM_O_CHOICE,
     GENERATE(weights),
     .metavar = "f32|bf16|int8",
     .choices = lm_weights_names,
     .help = "how weights are kept: bf16 and int8 are faster, and rounded (default f32)"},
    {.name = "threads",
     .kind = LM_O_INT,
     GENERATE(threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "threads (else LMPIPE_THREADS, else all); they never change the text"},
    LM_PARTIAL_ROW,
    LM_SPEC_ROWS,
    {0},
};

/* ---- create ---- */

static const struct lm_option create_options[] = {
    {.name = "vocab",
     .kind = LM_O_TEXT,
     CREATE(vocab),
     .required = true,
     .metavar = "VOCAB",
     .help = "its vocabulary: a file, or SPEC:STAGE.PORT"},
    {.name = "context",
     .kind = LM_O_INT,
     SHAPE(context),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .help = "context length: maximum number of tokens it sees at once"},
    {.name = "layers",
     .kind = LM_O_INT,
     SHAPE(layers),
     .metavar = "N",
     .min = 1,
     .max = 1 << 10,
     .help = "layers"},
    {.name = "heads",
     .kind = LM_O_INT,
     SHAPE(heads),
     .metavar = "N",
     .min = 1,
     .max = 1 << 12,
     .help = "attention heads of a layer"},
    {.name = "width",
     .kind = LM_O_INT,
     SHAPE(width),
     .metavar = "N",
     .min = 1,
     .max = 1 << 16,
     .help = "numbers of a token's state; a multiple of the heads"},
    {.name = "attention-width",
     .kind = LM_O_INT,
     SHAPE(attention_width),
     .metavar = "N",
     .min = 1,
     .max = 1 << 16,
     .help = "numbers of all attention heads together"},
    {.name = "kv-heads",
     .kind = LM_O_INT,
     SHAPE(kv_heads),
     .metavar = "N",
     .min = 1,
     .max = 1 << 12,
     .help = "heads of keys and values, a divisor of the heads"},
    {.name = "mlp-width",
     .kind = LM_O_INT,
     SHAPE(mlp_width),
     .metavar = "N",
     .min = 1,
     .max = 1 << 18,
     .help = "numbers inside the feed-forward part"},
    {.name = "window",
     .kind = LM_O_INT,
     SHAPE(window),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .help = "tokens that a query of a banded layer sees"},
    {.name = "window-every",
     .kind = LM_O_INT,
     SHAPE(window_every),
     .metavar = "N",
     .min = 1,
     .max = 1 << 10,
     .help = "of so many layers the last is banded (default 2)"},
    {.name = "norm",
     .kind = LM_O_CHOICE,
     SHAPE(norm),
     .metavar = "layer|rms",
     .choices = lm_norm_names,
     .help = "how rows are normalised"},
    {.name = "positions",
     .kind = LM_O_CHOICE,
     SHAPE(positions),
     .metavar = "learned|rotary",
     .choices = lm_positions_names,
     .help = "how attention knows places"},
    {.name = "rotary-base",
     .kind = LM_O_FLOAT,
     SHAPE(rotary_base),
     .metavar = "X",
     .max = 1e12,
     .help = "slowest turn of rotary positions (default 10000)"},
    {.name = "mlp",
     .kind = LM_O_CHOICE,
     SHAPE(mlp),
     .metavar = "gelu|swiglu",
     .choices = lm_mlp_names,
     .help = "the feed-forward part"},
    {.name = "no-bias",
     .kind = LM_O_FLAG,
     SHAPE(no_bias),
     .help = "matrices and norms without a bias"},
    {.name = "no-tie-embeddings",
     .kind = LM_O_FLAG,
     SHAPE(untied),
     .help = "a head of its own instead of the token embedding"},
    {.name = "qk-norm",
     .kind = LM_O_FLAG,
     SHAPE(qk_norm),
     .help = "normalise queries and keys, head by head"},
    {.name = "no-gain", .kind = LM_O_FLAG, SHAPE(no_gain), .help = "norms without weights"},
    {.name = "embed-norm",
     .kind = LM_O_FLAG,
     SHAPE(embed_norm),
     .help = "normalise the embedding by its root mean square"},
    {.name = "smear",
     .kind = LM_O_FLAG,
     SHAPE(smear),
     .help = "add a learnt share of the previous token's embedding"},
    {.name = "score-scale",
     .kind = LM_O_FLOAT,
     SHAPE(score_scale),
     .metavar = "X",
     .max = 1e4,
     .help = "attention's scores are multiplied by it (default: 1 over the root of a head's size)"},
    {.name = "logit-cap",
     .kind = LM_O_FLOAT,
     SHAPE(logit_cap),
     .metavar = "X",
     .max = 1e4,
     .help = "logits l become X tanh(l / X)"},
    {.name = "seed",
     .kind = LM_O_INT,
     CREATE(seed),
     .metavar = "N",
     .max = 9e18,
     .help = "equal seeds give equal weights (default 0)"},
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     CREATE(output),
     .required = true,
     .metavar = "DIR",
     .help = "the folder to write; a model that is there is replaced"},
    LM_SPEC_ROWS,
    {0},
};

static enum lm_status find_preset(struct lm_model_config *out, const char *name, struct lm_err *err)
{
    const struct lm_model_preset *preset = lm_model_preset_find(name);
    size_t count = 0;
    if (preset != NULL) {
        *out = preset->config;
        return LM_OK;
    }
    while (lm_model_preset_names[count] != NULL)
        count++;
    const char *nearest = lm_suggest(name, lm_model_preset_names, count);
    if (nearest != NULL)
        return lm_fail(err, LM_INVALID, "no preset '%s'; did you mean '%s'?", name, nearest);
    return lm_fail(err, LM_INVALID, "no preset '%s'; see 'lmpipe model list'", name);
}

enum lm_status lm_model_create_shape(struct lm_model_config *out, const char *preset,
                                     const struct lm_model_create_args *args, struct lm_err *err)
{
    struct lm_model_config shape = {0};
    if (preset != NULL)
        LM_TRY(find_preset(&shape, preset, err));
    lm_model_config_take(&shape, &args->shape);
    if (shape.context == 0 || shape.layers == 0 || shape.heads == 0 || shape.width == 0)
        return lm_fail(err, LM_INVALID,
                       "the shape is not complete; name a preset, or give --context, --layers, "
                       "--heads and --width");
    *out = shape;
    return LM_OK;
}

/* ---- score, export, import ---- */

static const struct lm_option score_options[] = {
    {.name = "per-token",
     .kind = LM_O_FLAG,
     SCORE(per_token),
     .help = "also every token: -log p in nats, rank (0: the model's first choice), text"},
    LM_JSON_ROW(struct lm_model_score_args, json, "an object for programs"),
    {.name = "threads",
     .kind = LM_O_INT,
     SCORE(threads),
     .metavar = "N",
     .min = 1,
     .max = 4096,
     .help = "threads (else LMPIPE_THREADS, else all); they never change a number"},
    LM_PARTIAL_ROW,
    LM_SPEC_ROWS,
    {0},
};

static const struct lm_option export_options[] = {
    {.name = "format",
     .kind = LM_O_CHOICE,
     EXPORT(format),
     .metavar = "safetensors|gguf",
     .choices = forms,
     .help = "config.json, model.safetensors and tokenizer.json, or one file model.gguf"},
    {.name = "dtype",
     .kind = LM_O_CHOICE,
     EXPORT(dtype),
     .metavar = "f32|f16|bf16",
     .choices = dtypes,
     .help = "how numbers are written: f16 and bf16 are rounded (default f32)"},
    {.name = "no-vocab",
     .kind = LM_O_FLAG,
     EXPORT(no_vocab),
     .help = "the weights without their vocabulary"},
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     EXPORT(output),
     .required = true,
     .metavar = "DIR",
     .help = "the folder to write to; it is made"},
    LM_PARTIAL_ROW,
    LM_SPEC_ROWS,
    {0},
};

static const struct lm_option import_options[] = {
    {.name = "vocab",
     .kind = LM_O_TEXT,
     IMPORT(vocab),
     .metavar = "VOCAB",
     .help = "its vocabulary, when the source has none: a file, or SPEC:STAGE.PORT"},
    {.name = "output",
     .letter = 'o',
     .kind = LM_O_TEXT,
     IMPORT(output),
     .required = true,
     .metavar = "DIR",
     .help = "the folder to write; a model that is there is replaced"},
    LM_SPEC_ROWS,
    {0},
};

/* ---- the commands ---- */

const struct lm_command lm_command_model_info = {
    .name = "model info",
    .summary = "shape, size and digest of a trained model",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = info_options,
    .args_size = sizeof(struct lm_model_info_args),
    .example = "lmpipe model info experiments/jargon.yaml:model.model",
    .notes = LM_MODEL_NOTES,
};

const struct lm_command lm_command_model_generate = {
    .name = "model generate",
    .summary = "continue a prompt with a trained model",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = generate_options,
    .args_size = sizeof(struct lm_model_generate_args),
    .defaults = &generate_defaults,
    .example = "lmpipe model generate experiments/jargon.yaml:model.model --prompt \"hacker n.\"",
    .notes = LM_MODEL_NOTES,
};

const struct lm_command lm_command_model_create = {
    .name = "model create",
    .summary = "a fresh model, not trained, of a preset or a shape",
    .operands = "[PRESET]",
    .max_operands = 1,
    .options = create_options,
    .args_size = sizeof(struct lm_model_create_args),
    .example = "lmpipe model create gpt2-micro --vocab gpt2.vocab -o fresh",
    .notes = "Options of the shape stand in for the preset's, or make the whole shape.\n"
             "'lmpipe model list' shows the presets.",
};

const struct lm_command lm_command_model_score = {
    .name = "model score",
    .summary = "bits per byte and perplexity of a text under a model",
    .operands = "MODEL [FILE]",
    .min_operands = 1,
    .max_operands = 2,
    .options = score_options,
    .args_size = sizeof(struct lm_model_score_args),
    .example = "lmpipe model score experiments/jargon.yaml:model novel.txt",
    .notes = LM_MODEL_NOTES
    "\n\nThe text is FILE, else standard input, as one document. Each token is predicted once, in\n"
    "windows of the context that step by half of it; an end-of-text token stands before the\n"
    "first. A vocabulary without one leaves the first token out.",
};

const struct lm_command lm_command_model_export = {
    .name = "model export",
    .summary = "a model in a form that other programs read",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = export_options,
    .args_size = sizeof(struct lm_model_export_args),
    .example = "lmpipe model export experiments/jargon.yaml:model --dtype bf16 -o hf",
    .notes = LM_MODEL_NOTES "\n\nFiles that are there are replaced, each as a whole.",
};

const struct lm_command lm_command_model_import = {
    .name = "model import",
    .summary = "an external GPT-2 checkpoint as a model folder",
    .operands = "MODEL",
    .min_operands = 1,
    .max_operands = 1,
    .options = import_options,
    .args_size = sizeof(struct lm_model_import_args),
    .example = "lmpipe model import downloads/gpt2 -o gpt2",
    .notes = LM_MODEL_NOTES
    "\n\nWeights of 16 bits are widened. The vocabulary is tokenizer.json or vocab.json with\n"
    "merges.txt beside the weights, what a .gguf file holds, or --vocab. The folder appears, or "
    "replaces a model that is\n"
    "there, as a whole.",
};
