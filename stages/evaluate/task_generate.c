/* Kind generate: greedy outputs held against references. */
#include <math.h>
#include <string.h>

#include "evaluate_outputs.h"
#include "task_kind.h"
#include "translation.h"

static const struct lm_task_item *item_of(const struct task_run *run, size_t item)
{
    return &run->items.items[item];
}

static struct lm_example_text as_example(struct lm_text text)
{
    return (struct lm_example_text){text.data != NULL ? text.data : "", text.size};
}

static enum lm_status no_memory(struct lm_err *err)
{
    return lm_fail(err, LM_NOMEM, "no memory for the outputs of a task; give it a limit");
}

/* ---- the loss of the first reference ---- */

static size_t probe_count(const struct task_run *run, size_t item)
{
    (void)run;
    (void)item;
    return 1;
}

static void fill_probe(const struct task_run *run, size_t i, struct task_probe *probe)
{
    const struct lm_task_item *item = item_of(run, i);
    *probe = (struct task_probe){.parts = {item->context, item->references[0]}, .scored = 1};
}

/* ---- outputs ---- */

/* Outputs of a task while they are written. */
struct writing {
    struct task_run *run;
    struct lm_example_text *stops;
    size_t stop_count;
    uint64_t done;
};

static void count_output(void *user)
{
    struct writing *writing = user;
    lm_ctx_progress(writing->run->evaluation->ctx, ++writing->done, writing->run->items.count,
                    "outputs");
}

static enum lm_status list_stops(struct writing *writing, struct lm_err *err)
{
    static const char *const line_end[] = {"\n"};
    const struct lm_task *task = &writing->run->task;
    const char *const *stops = task->stop_count > 0 ? task->stops : line_end;
    writing->stop_count = task->stop_count > 0 ? task->stop_count : 1;
    writing->stops =
        LM_NEW_ARRAY(writing->run->evaluation->arena, struct lm_example_text, writing->stop_count);
    if (writing->stops == NULL)
        return no_memory(err);
    for (size_t i = 0; i < writing->stop_count; i++)
        writing->stops[i] = (struct lm_example_text){stops[i], strlen(stops[i])};
    return LM_OK;
}

/* End-of-text and the last tokens of a context: room for the output is kept free behind it, half of
 * the model's context at most. */
static enum lm_status encode_prompt(struct lm_continuation *out, struct task_run *run, size_t i,
                                    struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    size_t context = (size_t)evaluation->context, most = context / 2;
    size_t wanted = (size_t)evaluation->params->max_new_tokens;
    size_t room = context - (wanted < most ? wanted : most), count;
    struct lm_text text = item_of(run, i)->context;
    const int32_t *ids;
    LM_TRY(task_scorer_encode(run->scorer, text.data, text.size, &ids, &count, err));
    size_t kept = count < room - 1 ? count : room - 1;
    int32_t *prompt = LM_NEW_ARRAY(evaluation->arena, int32_t, kept + 1);
    if (prompt == NULL)
        return no_memory(err);
    prompt[0] = task_scorer_end_of_text(run->scorer);
    if (kept > 0)
        memcpy(prompt + 1, ids + count - kept, kept * sizeof *prompt);
    out->prompt = prompt;
    out->count = (int64_t)kept + 1;
    run->probes[i].is_cut = run->probes[i].is_cut || kept < count;
    return LM_OK;
}

static enum lm_status begin_outputs(struct writing *writing, struct lm_continuation *texts,
                                    struct output *outputs, const struct lm_sampling *rules,
                                    struct lm_err *err)
{
    struct task_run *run = writing->run;
    int64_t longest = run->evaluation->params->max_new_tokens;
    for (size_t i = 0; i < run->items.count; i++) {
        texts[i] = (struct lm_continuation){
            .max_new = longest, .rules = rules, .emit = output_take, .user = &outputs[i]};
        outputs[i] = (struct output){.vocab = task_scorer_vocab(run->scorer),
                                     .end_of_text = task_scorer_end_of_text(run->scorer),
                                     .stops = writing->stops,
                                     .stop_count = writing->stop_count,
                                     .left = (uint64_t)longest,
                                     .ended = count_output,
                                     .user = writing};
        lm_buf_init(&outputs[i].text, 0);
        LM_TRY(encode_prompt(&texts[i], run, i, err));
    }
    return LM_OK;
}

static enum lm_status generate(struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    size_t count = run->items.count;
    struct writing writing = {.run = run};
    const struct lm_sampling greedy = {.tokens = lm_vocab_size(task_scorer_vocab(run->scorer))};
    const struct lm_generate_options options = {.sequences = (int64_t)evaluation->batch};
    struct lm_continuation *texts = LM_NEW_ARRAY(evaluation->arena, struct lm_continuation, count);
    struct output *outputs = LM_NEW_ARRAY(evaluation->arena, struct output, count);
    if (texts == NULL || outputs == NULL)
        return no_memory(err);
    LM_TRY(list_stops(&writing, err));
    enum lm_status status = begin_outputs(&writing, texts, outputs, &greedy, err);
    if (status == LM_OK)
        status = lm_model_generate(task_scorer_model(run->scorer), texts, count, &options, err);
    for (size_t i = 0; i < count; i++) {
        const struct lm_buf *text = &outputs[i].text;
        run->outputs[i].data =
            lm_arena_strndup(evaluation->arena, text->data != NULL ? text->data : "", text->size);
        run->outputs[i].size = text->size;
        if (status == LM_OK && (run->outputs[i].data == NULL || text->failed))
            status = no_memory(err);
        lm_buf_release(&outputs[i].text);
    }
    return status;
}

static enum lm_status score(struct task_run *run, struct lm_err *err)
{
    LM_TRY(task_run_probes(run, probe_count, fill_probe, err));
    for (size_t i = 0; i < run->items.count; i++)
        run->nll[i] = run->probes[i].nll;
    return generate(run, err);
}

/* ---- results ---- */

static enum lm_status list_segments(struct translation_segment *segments,
                                    struct lm_example_text *prompts, const struct task_run *run,
                                    struct lm_err *err)
{
    for (size_t i = 0; i < run->items.count; i++) {
        const struct lm_task_item *item = item_of(run, i);
        struct lm_example_text *references =
            LM_NEW_ARRAY(run->evaluation->arena, struct lm_example_text, item->reference_count);
        if (references == NULL)
            return no_memory(err);
        for (size_t r = 0; r < item->reference_count; r++)
            references[r] = as_example(item->references[r]);
        prompts[i] = as_example(item->context);
        segments[i] = (struct translation_segment){prompts[i], as_example(run->outputs[i]),
                                                   references, item->reference_count};
    }
    return LM_OK;
}

static enum lm_status put(struct scores *scores, struct task_run *run, struct lm_err *err)
{
    struct evaluation *evaluation = run->evaluation;
    struct lm_arena *arena = evaluation->arena;
    size_t count = run->items.count;
    struct translation found;
    struct translation_segment *segments = LM_NEW_ARRAY(arena, struct translation_segment, count);
    struct lm_example_text *prompts = LM_NEW_ARRAY(arena, struct lm_example_text, count);
    if (segments == NULL || prompts == NULL)
        return no_memory(err);
    LM_TRY(list_segments(segments, prompts, run, err));
    const struct lm_resampling how = evaluate_resampling(evaluation, task_stream_of(run, "items"));
    LM_TRY(translation_find(&found, run->score, segments, count, prompts, count,
                            evaluate_interval(evaluation), &how, arena, err));
    run->headline = found.bleu.value;
    scores_put_interval(scores, "bleu", found.bleu.value, found.bleu.low, found.bleu.high);
    scores_put_interval(scores, "chrf", found.chrf.value, found.chrf.low, found.chrf.high);
    if (run->task.shot_count == 0)
        scores_put(scores, "floor.copy", found.copy);
    task_put_counts(scores, run, false);
    return LM_OK;
}

static void record(struct lm_item_record *out, const struct task_run *run, size_t i)
{
    out->score = run->score[i];
    out->nll = run->nll[i];
    out->bytes = (int64_t)item_of(run, i)->references[0].size;
}

static void put_item(struct lm_json_writer *writer, const struct task_run *run, size_t i)
{
    task_put_text(writer, "context", item_of(run, i)->context, true);
    task_put_text(writer, "expected", item_of(run, i)->references[0], false);
    task_put_text(writer, "predicted", run->outputs[i], false);
    lm_json_member_int(writer, "tokens", run->probes[i].tokens);
}

static void sign(struct lm_buf *out, const struct task_run *run)
{
    lm_buf_printf(out,
                  "greedy outputs of at most %lld tokens, up to a stop text; BLEU: case mixed, "
                  "tokens 13a, smoothing exp, all references; chrF2: 6 characters, no words, no "
                  "space",
                  (long long)run->evaluation->params->max_new_tokens);
}

const struct task_kind task_generate = {"bleu", "BLEU", score, put, record, put_item, sign};
