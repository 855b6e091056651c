#include "artifact_name.h"

#include <string.h>

#include "base/suggest.h"

enum { MOST_PORTS = 16 };

/** Where the port begins: behind the longest beginning that means a stage, as plan prints it, else
 * in another order or otherwise written ("model@seed=2,lr=1e-3.log"); NULL: there is no port. */
static const char *find_dot(const char *text, const struct lm_spec *spec, struct lm_arena *arena)
{
    size_t length = 0;
    if (lm_spec_find_longest(spec, text, &length) != (size_t)-1 && text[length] == '.')
        return text + length;
    for (const char *dot = text + strcspn(text, "/"); dot > text; dot--) {
        const char *id = *dot == '.' ? lm_arena_strndup(arena, text, (size_t)(dot - text)) : NULL;
        if (id != NULL && lm_spec_find(spec, id, NULL) != (size_t)-1)
            return dot;
    }
    return strchr(text, '.');
}

enum lm_status lm_artifact_name_parse(struct lm_artifact_name *out, const char *text,
                                      const struct lm_spec *spec, struct lm_arena *arena,
                                      struct lm_err *err)
{
    struct lm_artifact_name parsed = {0};
    const char *dot = find_dot(text, spec, arena);
    const char *slash = dot != NULL ? strchr(dot, '/') : NULL;
    if (dot == NULL || dot == text || dot[1] == '\0' || slash == dot + 1 ||
        (slash != NULL && slash[1] == '\0'))
        return lm_fail(err, LM_INVALID,
                       "'%s' names no artifact; give STAGE.PORT, or STAGE.PORT/NAME for one file "
                       "of a folder",
                       text);
    size_t port = slash != NULL ? (size_t)(slash - dot - 1) : strlen(dot + 1);
    parsed.stage = lm_arena_strndup(arena, text, (size_t)(dot - text));
    parsed.port = lm_arena_strndup(arena, dot + 1, port);
    parsed.name = slash != NULL ? slash + 1 : NULL;
    if (parsed.stage == NULL || parsed.port == NULL)
        return lm_fail(err, LM_NOMEM, "out of memory");
    *out = parsed;
    return LM_OK;
}

int lm_artifact_name_find(size_t *stage, const struct lm_artifact_name *name,
                          const struct lm_loaded *loaded, struct lm_cli *cli)
{
    const char *names[MOST_PORTS];
    size_t count = 0;
    int status = lm_loaded_stage(stage, loaded, cli, name->stage);
    if (status != LM_EXIT_OK)
        return status;
    const struct lm_port *ports = lm_spec_stage_type(loaded->spec, *stage)->outputs;
    for (; ports[count].name != NULL && count < MOST_PORTS; count++) {
        if (strcmp(ports[count].name, name->port) == 0)
            return LM_EXIT_OK;
        names[count] = ports[count].name;
    }
    const char *nearest = lm_suggest(name->port, names, count);
    const char *text =
        lm_arena_printf(cli->arena, "stage '%s' has no output '%s'; %s '%s'%s", name->stage,
                        name->port, nearest != NULL ? "did you mean" : "it has",
                        nearest != NULL ? nearest : names[0], nearest != NULL ? "?" : "");
    return lm_cli_fail(cli, LM_EXIT_USAGE, text != NULL ? text : "no such output");
}
