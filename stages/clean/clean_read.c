#include "clean_read.h"

#include <string.h>

#define FILE_WEIGHT ((size_t)32 << 10) /* bytes of memory that a file takes beside its own */

/* ---- a file ---- */

static struct clean_opened *create(size_t keep)
{
    struct lm_arena *arena = lm_arena_create();
    struct clean_opened *opened = arena != NULL ? LM_NEW(arena, struct clean_opened) : NULL;
    size_t *kept = opened != NULL ? LM_NEW_ARRAY(arena, size_t, keep) : NULL;
    if (kept == NULL) {
        lm_arena_free(arena);
        return NULL;
    }
    opened->arena = arena;
    opened->form.kept = kept;
    return opened;
}

void clean_opened_close(struct clean_opened *opened)
{
    if (opened == NULL)
        return;
    clean_bytes_close(&opened->text.file);
    lm_arena_free(opened->arena);
}

static bool starts_with_mark(const struct clean_bytes *file)
{
    return file->size >= 3 && memcmp(file->data, "\xEF\xBB\xBF", 3) == 0;
}

/* The file's bytes, known for what they are; newlines are made LF where that is harmless. */
static enum lm_status admit(struct clean_opened *opened, const struct clean_reader *reader,
                            const char *path, struct lm_err *err)
{
    struct clean_form *form = &opened->form;
    struct clean_text *text = &opened->text;
    LM_TRY(clean_bytes_open(&text->file, path, err));
    opened->size = text->file.size;
    enum lm_status status = clean_admit(text, &reader->reading, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s", form->label);
    form->by = text->by;
    if (clean_form_is_text(text->by))
        LM_TRY(clean_bytes_even(&text->file, reader->reading.scratch, &opened->marks,
                                &opened->newlines, err));
    size_t mark = form->by == LM_BY_JSONL && starts_with_mark(&text->file) ? 3 : 0;
    opened->marks += mark > 0;
    return clean_form_open(form, text->file.data + mark, text->file.size - mark, err);
}

static enum lm_status open_next(struct clean_reader *reader, struct lm_err *err)
{
    const struct clean_file *file = &reader->corpus->files[reader->next];
    struct clean_opened *opened = create(reader->documents->keep.count);
    if (opened == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a file; free some");
    struct clean_form *form = &opened->form;
    reader->open = opened;
    form->file = reader->next++;
    form->source = reader->corpus->sources[file->source].name;
    form->member = clean_file_member(file);
    form->options = reader->documents;
    form->reading = &reader->reading;
    form->label = lm_arena_printf(opened->arena, "source '%s', %s", form->source, form->member);
    const char *path = lm_arena_printf(opened->arena, "%s/%s", reader->folder, file->path);
    if (path == NULL || form->label == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    return admit(opened, reader, path, err);
}

/* ---- a batch ---- */

/* The next piece, or the end of its file. */
static enum lm_status take_piece(struct clean_reader *reader, struct clean_batch *batch,
                                 struct lm_err *err)
{
    struct clean_piece piece;
    bool is_end = false;
    LM_TRY(clean_form_next(&reader->open->form, &piece, &is_end, err));
    if (!is_end)
        return clean_batch_add(batch, &reader->open->form, &piece, err);
    LM_TRY(clean_files_add(&batch->ended, reader->open, err));
    reader->open = NULL;
    return LM_OK;
}

enum lm_status clean_read_batch(struct clean_reader *reader, struct clean_batch *batch,
                                bool *is_end, struct lm_err *err)
{
    while (batch->weight < reader->weight && !clean_batch_is_enough(batch)) {
        if (reader->open == NULL && reader->next == reader->corpus->file_count) {
            *is_end = true;
            return LM_OK;
        }
        if (reader->open == NULL) {
            LM_TRY(open_next(reader, err));
            LM_TRY(clean_files_add(&batch->begun, reader->open, err));
            batch->weight += FILE_WEIGHT;
        }
        LM_TRY(take_piece(reader, batch, err));
    }
    batch->open = reader->open;
    return LM_OK;
}

void clean_reader_release(struct clean_reader *reader)
{
    clean_opened_close(reader->open);
    reader->open = NULL;
}
