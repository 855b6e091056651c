#include <string.h>

#include "base/io.h"
#include "task/task_file.h"

const char *lm_task_path(struct lm_arena *arena, const char *folder, const char *written,
                         lm_task_env_fn *env, void *user, const char **unset)
{
    static const char head[] = "${env.";
    struct lm_buf out;
    const char *path = NULL;
    *unset = NULL;
    lm_buf_init(&out, 1 << 16);
    for (const char *at = written; *at != '\0' && *unset == NULL;) {
        size_t size = strncmp(at, head, sizeof head - 1) == 0 ? strcspn(at, "}") : 0;
        if (strncmp(at, "$${", 3) == 0) {
            lm_buf_puts(&out, "${");
            at += 3;
        } else if (size > 0 && at[size] == '}') {
            const char *name =
                lm_arena_strndup(arena, at + sizeof head - 1, size - (sizeof head - 1));
            const char *value = name != NULL && env != NULL ? env(user, name) : NULL;
            *unset = name != NULL && value == NULL ? name : NULL;
            lm_buf_puts(&out, value != NULL ? value : "");
            at += size + 1;
        } else {
            lm_buf_putc(&out, *at++);
        }
    }
    if (*unset == NULL && !out.failed)
        path = lm_path_join(arena, folder, out.data != NULL ? out.data : "");
    lm_buf_release(&out);
    return path;
}
