#include "artifact_name.h"

#include <string.h>

#include "base/suggest.h"

enum { MOST_PORTS = 16 };

enum lm_status lm_artifact_name_parse(struct lm_artifact_name *out, const char *text,
                                      const struct lm_spec *spec, struct lm_arena *arena,
                                      struct lm_err *err)
{
    struct lm_artifact_name parsed = {0};
    size_t length = 0;
    bool known = lm_spec_find_longest(spec, text, &length) != (size_t)-1 && text[length] == '.';
    const char *dot = known ? text + length : strchr(text, '.');
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
