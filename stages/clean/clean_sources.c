#include "clean_sources.h"

#include "base/io.h"
#include "base/json.h"

enum lm_status clean_sources_write(const char *path, const struct clean_corpus *corpus,
                                   struct lm_err *err)
{
    struct lm_buf out;
    struct lm_json_writer writer;
    lm_buf_init(&out, 0);
    lm_json_begin(&writer, &out, true);
    lm_json_open(&writer, '{');
    lm_json_member_int(&writer, "lmpipe_sources", 1);
    lm_json_key(&writer, "sources");
    lm_json_open(&writer, '[');
    for (size_t i = 0; i < corpus->source_count; i++) {
        lm_json_open(&writer, '{');
        lm_json_member_string(&writer, "name", corpus->sources[i].name);
        for (size_t k = 0; k < LM_SPLITS; k++)
            lm_json_member_int(&writer, lm_split_names[k], corpus->sources[i].shared[k]);
        lm_json_close(&writer, '}');
    }
    lm_json_close(&writer, ']');
    lm_json_close(&writer, '}');
    lm_buf_putc(&out, '\n');
    enum lm_status status = lm_file_write_buf(path, &out, err);
    lm_buf_release(&out);
    return status;
}
