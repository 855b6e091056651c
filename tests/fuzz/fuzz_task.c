/* Hostile task files and their items: a YAML text, a NUL, the rows it is to read. */
#include <string.h>

#include "fuzz_file.h"
#include "task/task_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lm_arena *arena = lm_arena_create();
    struct lm_diag_list diags = {.arena = arena};
    struct lm_task task;
    struct lm_task_items items;
    struct fuzz_file file;
    const uint8_t *end = memchr(data, 0, size);
    size_t head = end != NULL ? (size_t)(end - data) : size, rest = end != NULL ? head + 1 : size;
    if (lm_task_read(&task, &diags, "fuzz.yaml", (const char *)data, head)) {
        fuzz_file_open(&file, data + rest, size - rest);
        struct lm_task_file rows = {"fuzz.jsonl", file.path};
        const struct lm_task_input input = {.data = {&rows, 1}, .shots = {&rows, 1}};
        if (lm_task_items_read(&items, arena, &task, &input, NULL) == LM_OK)
            for (size_t i = 0; i < items.count; i++)
                if (items.items[i].id == NULL ||
                    (task.kind == LM_TASK_CHOICE &&
                     (size_t)items.items[i].answer >= items.items[i].choice_count))
                    __builtin_trap();
        fuzz_file_close(&file);
    }
    lm_arena_free(arena);
    return 0;
}
