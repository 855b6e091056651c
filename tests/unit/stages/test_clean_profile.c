/* Profiles are rules written out; other thresholds beside them replace rows, off: true removes. */
#include <lmpipe/stage.h>

#include "base/buf.h"
#include "base/io.h"
#include "param/param_rows.h"
#include "stages/clean/clean_params.h"
#include "tests/tap.h"
#include "text/clean_rules.h"

extern const struct lm_stage lm_stage_clean;

enum { ROWS = 64 };

struct fixture {
    struct lm_arena *arena;
    struct clean_params params;
    struct clean_rule rows[ROWS];
    struct lm_err err;
};

static void put_leaf(void *user, const struct lm_param_leaf *leaf)
{
    struct lm_buf *out = user;
    if (leaf->row->flags & LM_PARAM_NOT_IN_KEY)
        return;
    lm_buf_printf(out, "%s ", leaf->key);
    lm_param_print(out, leaf->type, leaf->value);
    lm_buf_putc(out, '\n');
}

static void begin(struct fixture *f, const char *profile)
{
    lm_params_defaults(&f->params, lm_stage_clean.params);
    f->params.profile = profile;
    f->params.rules = (struct lm_list){f->rows, 0};
    f->err = (struct lm_err){LM_OK, ""};
}

static struct clean_rule *add(struct fixture *f, const char *rule)
{
    struct clean_rule *row = &f->rows[f->params.rules.count++];
    *row = (struct clean_rule){rule, LM_UNSET_FLOAT, LM_UNSET_FLOAT, LM_UNSET_FLOAT, false};
    return row;
}

/* The parameters' leaves as keys see them; NULL where they are refused. */
static const char *resolve(struct fixture *f)
{
    struct lm_buf out;
    if (lm_stage_clean.resolve(&f->params, f->arena, &f->err) != LM_OK)
        return NULL;
    lm_buf_init(&out, 0);
    lm_params_walk(lm_stage_clean.params, &f->params, put_leaf, &out);
    const char *copy = lm_arena_strdup(f->arena, out.data);
    lm_buf_release(&out);
    return copy;
}

static const struct clean_rule *find(const struct fixture *f, const char *name)
{
    const struct clean_rule *rules = f->params.rules.items;
    for (size_t i = 0; i < f->params.rules.count; i++)
        if (strcmp(rules[i].rule, name) == 0)
            return &rules[i];
    return NULL;
}

static void a_profile_is_its_rules_written_out(struct tap *tap)
{
    static const struct {
        const char *profile;
        size_t rules;
    } rows[] = {
        {"c4@1", 9}, {"gopher@1", 21}, {"fineweb@1", 33}, {"cc_net@1", 1}, {"minimal@1", 3}};

    struct fixture f = {.arena = lm_arena_create()};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&f, rows[i].profile);
        const char *profile = resolve(&f);
        REQUIRE(profile != NULL);
        CHECK_INT(f.params.rules.count, rows[i].rules);
        struct lm_list list = f.params.rules;
        const struct clean_rule *rules = list.items;
        begin(&f, "none");
        for (size_t k = list.count; k-- > 0;) /* in any order, published thresholds left out */
            if (strcmp(rows[i].profile, "minimal@1") == 0)
                f.rows[f.params.rules.count++] = rules[k];
            else
                add(&f, rules[k].rule);
        CHECK_STR(resolve(&f), profile);
        CHECK_STR(resolve(&f), profile); /* what is resolved stays */
        CHECK(strstr(profile, rows[i].profile) == NULL);
    }
    lm_arena_free(f.arena);
}

static void rows_beside_a_profile(struct tap *tap)
{
    struct fixture f = {.arena = lm_arena_create()};
    begin(&f, "fineweb@1");
    CHECK(find(&f, "c4.ended_lines") == NULL);
    add(&f, "gopher.words")->min = 30;
    add(&f, "gopher.stop_words")->off = true;
    add(&f, "fineweb.short_lines")->length = 20;
    add(&f, "chars")->max = 1e6;
    REQUIRE(resolve(&f) != NULL);
    CHECK_INT(f.params.rules.count, 33);
    CHECK(find(&f, "gopher.words")->min == 30 && find(&f, "gopher.words")->max == 100000);
    CHECK(find(&f, "gopher.stop_words") == NULL);
    CHECK(find(&f, "fineweb.short_lines")->length == 20);
    CHECK(find(&f, "fineweb.short_lines")->max == 0.67);
    CHECK(find(&f, "chars")->max == 1e6);
    lm_arena_free(f.arena);
}

static void what_is_refused(struct tap *tap)
{
    static const struct {
        const char *profile, *rule;
        double min, max, length;
        bool off;
        const char *text;
    } rows[] = {
        {"c4@1", "c4.braces", 1, NAN, NAN, false, "rules.0.min: c4.braces has no min; it has max"},
        {"c4@1", "c4.citations", NAN, 1, NAN, false,
         "rules.0.max: c4.citations has no max; it has none"},
        {"c4@1", "c4.braces", NAN, NAN, 3, false, "rules.0.length: c4.braces has no length"},
        {"c4@1", "c4.braces", NAN, 1, NAN, true, "rules.0.max: has no effect beside off"},
        {"c4@1", "gopher.words", NAN, NAN, NAN, true,
         "rules.0.off: gopher.words is not in profile c4@1"},
        {"none", "chars", NAN, NAN, NAN, false, "rules.0: chars has no bound"},
        {"gopher@1", "gopher.words", 200000, NAN, NAN, false, "rules.0.min: must not exceed max"},
    };

    struct fixture f = {.arena = lm_arena_create()};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&f, rows[i].profile);
        *add(&f, rows[i].rule) = (struct clean_rule){rows[i].rule, rows[i].min, rows[i].max,
                                                     rows[i].length, rows[i].off};
        CHECK(resolve(&f) == NULL);
        CHECK(strncmp(f.err.text, rows[i].text, strlen(rows[i].text)) == 0);
    }
    begin(&f, "none");
    add(&f, "chars")->min = 1;
    add(&f, "chars")->max = 9;
    CHECK(resolve(&f) == NULL);
    CHECK(strstr(f.err.text, "rules.1.rule: chars stands in rules.0") != NULL);
    lm_arena_free(f.arena);
}

/* Every name is found, stands once, and in the manual with its thresholds. */
static void names(struct tap *tap)
{
    struct lm_arena *arena = lm_arena_create();
    char *page;
    size_t size;
    REQUIRE(lm_file_read(&page, &size, arena, LM_TEST_DATA "/../../docs/rules.md", 1 << 20, NULL) ==
            LM_OK);
    for (const struct lm_rule_kind *kind = lm_rule_kinds; kind->name != NULL; kind++) {
        CHECK(lm_rule_find(kind->name) == kind);
        if (kind->source == NULL)
            continue;
        char row[100];
        size_t used = (size_t)snprintf(row, sizeof row, "| `%s` |", kind->name);
        if (kind->min == kind->min)
            used += (size_t)snprintf(row + used, sizeof row - used, " min %g", kind->min);
        if (kind->max == kind->max)
            snprintf(row + used, sizeof row - used, "%s max %.10g",
                     kind->min == kind->min ? "," : "", kind->max);
        CHECK(strstr(page, row) != NULL);
    }
    lm_arena_free(arena);
}

static const struct tap_test tests[] = {TAP_ROW(a_profile_is_its_rules_written_out) TAP_ROW(
    rows_beside_a_profile) TAP_ROW(what_is_refused) TAP_ROW(names)};

LM_TEST_FILE(tests)
