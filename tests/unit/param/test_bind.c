#include "tap.h"

#include <lmpipe/arena.h>

#include "param/bind.h"
#include "stages/command/command_params.h"

extern const struct lm_stage lm_stage_command, lm_stage_encode;

static const struct lm_stage *bound(struct lm_arena *arena, const struct command_output *outputs,
                                    size_t count)
{
    struct command_params params = {.outputs = {(void *)(uintptr_t)outputs, count}};
    return lm_stage_bind(&lm_stage_command, &params, arena);
}

static void test_bind(struct tap *tap)
{
    static const struct command_output outputs[] = {{"a", "scores"}, {"b", "model"}};
    static const struct command_output other[] = {{"a", "scores"}, {"b", "text"}};
    struct lm_arena *arena = lm_arena_create();
    const struct lm_stage *type = bound(arena, outputs, 2), *plain = bound(arena, &outputs[1], 1);
    REQUIRE(type != NULL && plain != NULL && type != &lm_stage_command);
    CHECK_STR(type->name, "command");
    CHECK_STR(type->outputs[0].name, "a");
    CHECK_STR(type->outputs[0].kind, "scores");
    CHECK_INT(type->outputs[0].flags, 0);
    CHECK_STR(type->outputs[1].name, "b");
    CHECK_INT(type->outputs[1].flags, LM_PORT_FOLDER);
    CHECK(type->outputs[2].name == NULL);
    CHECK(type->metrics != NULL);
    CHECK(plain->metrics == NULL); /* no scores: no metric */
    CHECK(lm_stage_has_outputs_of(type, bound(arena, outputs, 2)));
    CHECK(!lm_stage_has_outputs_of(type, bound(arena, other, 2)));
    CHECK(!lm_stage_has_outputs_of(type, bound(arena, outputs, 1)));
    CHECK(!lm_stage_has_outputs_of(bound(arena, outputs, 1), type));
    CHECK(lm_stage_bind(&lm_stage_encode, NULL, arena) == &lm_stage_encode);
    lm_arena_free(arena);
}

/* What other types make is declared alike: the same kinds, files or folders. */
static void test_kinds(struct tap *tap)
{
    const struct lm_param *rows = lm_stage_command.params, *kind = NULL;
    for (; rows->name != NULL; rows++)
        if (strcmp(rows->name, "outputs") == 0)
            kind = &rows->fields[1];
    REQUIRE(kind != NULL && kind->choices != NULL);
    for (size_t t = 0; lm_stage_table[t] != NULL; t++)
        for (const struct lm_port *port = lm_stage_table[t]->outputs; port->name != NULL; port++) {
            bool known = false;
            for (size_t i = 0; kind->choices[i] != NULL; i++)
                known = known || strcmp(kind->choices[i], port->kind) == 0;
            if (!known)
                printf("# kind %s of %s.%s\n", port->kind, lm_stage_table[t]->name, port->name);
            CHECK(known);
            CHECK_INT(command_is_folder(port->kind), (port->flags & LM_PORT_FOLDER) != 0);
        }
}

static void test_places(struct tap *tap)
{
    static const struct {
        const char *text, *name; /* of the first place; NULL: there is none */
        bool is_output, is_literal;
    } cases[] = {
        {"{in.model}", "model", false, false},
        {"--out={out.a-b_1}.x", "a-b_1", true, false},
        {"{\"a\": {in.x}}", "x", false, false},
        {"{{in.x}}", "x", false, true},
        {"{{{in.x}}}", "x", false, true},
        {"{{in.x}", "x", false, false},
        {"{in.}", "", false, false},
        {"{in.a{in.b}", "b", false, false},
        {"{print $1}", NULL, false, false},
        {"{in.x", NULL, false, false},
        {"{inx}{out}", NULL, false, false},
        {"", NULL, false, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct command_place place;
        bool found = command_place_next(&place, cases[i].text);
        CHECK_INT(found, cases[i].name != NULL);
        if (!found || cases[i].name == NULL)
            continue;
        CHECK(command_place_is(&place, cases[i].name));
        CHECK_INT(place.is_output, cases[i].is_output);
        CHECK_INT(place.is_literal, cases[i].is_literal);
    }
}

static const struct tap_test tests[] = {TAP_ROW(test_bind) TAP_ROW(test_kinds)
                                            TAP_ROW(test_places)};
LM_TEST_FILE(tests)
