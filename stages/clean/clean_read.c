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
static enum lm_status admit(struct clean_facts *facts, struct clean_opened *opened,
                            const struct clean_reader *reader, struct lm_err *err)
{
    struct clean_form *form = &opened->form;
    struct clean_text *text = &opened->text;
    const struct clean_file *file = &reader->corpus->files[form->file];
    const char *path = lm_arena_printf(opened->arena, "%s/%s", reader->folder, file->path);
    if (path == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    LM_TRY(clean_bytes_open(&text->file, path, err));
    facts->size = text->file.size;
    enum lm_status status = clean_admit(text, &reader->reading, err);
    if (status != LM_OK)
        return lm_wrap(err, status, "%s", form->label);
    form->by = text->by;
    if (clean_form_is_text(text->by))
        LM_TRY(clean_bytes_even(&text->file, reader->reading.scratch, &facts->marks,
                                &facts->newlines, err));
    size_t mark = form->by == LM_BY_JSONL && starts_with_mark(&text->file) ? 3 : 0;
    facts->by = text->by;
    facts->cut = text->file.size - mark;
    facts->marks += mark > 0;
    facts->is_converted = text->converted != NULL;
    facts->replaced_share = text->replaced_share;
    facts->bad_line = text->census.line;
    facts->guess = text->guess;
    return clean_form_open(form, text->file.data + mark, facts->cut, err);
}

/* What of the file was kept goes on with what was not: its pieces are cut once more and passed
 * over. What is told of the file is known already, and others may read it. */
static enum lm_status go_on(const struct clean_reader *reader, struct lm_err *err)
{
    struct clean_opened *opened = reader->open;
    struct clean_facts again = {.size = 0};
    struct clean_piece piece;
    bool is_end = false;
    opened->is_kept = false;
    opened->put = opened->taken;
    LM_TRY(admit(opened->taken > 0 ? &again : &opened->facts, opened, reader, err));
    for (size_t i = 0; i < opened->taken && !is_end; i++)
        LM_TRY(clean_form_next(&opened->form, &piece, &is_end, err));
    return LM_OK;
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
    if (form->label == NULL)
        return lm_fail(err, LM_NOMEM, "no memory for a path; free some");
    opened->has_id = clean_kept_id(&opened->id, reader->kept, form, file->digest);
    opened->is_kept = opened->has_id && clean_kept_has(reader->kept, &opened->id);
    return opened->is_kept ? LM_OK : admit(&opened->facts, opened, reader, err);
}

/* ---- a batch ---- */

static enum lm_status end_file(struct clean_reader *reader, struct clean_batch *batch,
                               struct lm_err *err)
{
    LM_TRY(clean_files_add(&batch->ended, reader->open, err));
    reader->open = NULL;
    return LM_OK;
}

/* The next piece, or the end of its file. */
static enum lm_status take_piece(struct clean_reader *reader, struct clean_batch *batch,
                                 struct lm_err *err)
{
    struct clean_piece piece;
    bool is_end = false;
    LM_TRY(clean_form_next(&reader->open->form, &piece, &is_end, err));
    return is_end ? end_file(reader, batch, err)
                  : clean_batch_add(batch, reader->open, &piece, err);
}

/* The next documents that are kept of the file; where they are not, or damaged, it is read. */
static enum lm_status take_kept(struct clean_reader *reader, struct clean_batch *batch,
                                struct lm_err *err)
{
    bool is_taken = false, is_last = false;
    LM_TRY(clean_kept_take(reader->kept, reader->open, batch, &is_taken, &is_last, err));
    if (!is_taken)
        return go_on(reader, err);
    return is_last ? end_file(reader, batch, err) : LM_OK;
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
        if (reader->open->is_kept)
            LM_TRY(take_kept(reader, batch, err));
        else
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
