/* Hostile tables, as the indexes of a store: any bytes can be opened, searched, added to and
 * counted, and what was added is found. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_file.h"
#include "store/table.h"

enum { KEY = 8, ROW = 32, KEYS = 20 };

static const struct lm_table_form form = {
    .magic = "LMTESTB1", .row = ROW, .key = KEY, .has_blobs = true};

static void search(struct lm_table *table, uint8_t key)
{
    uint8_t row[ROW] = {key};
    char blob[64];
    if (lm_table_find(table, row) && row[0] != key)
        __builtin_trap();
    lm_table_blob(table, row, blob, row[KEY + 8] % sizeof blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/fuzz-table-XXXXXX";
    uint8_t row[ROW] = {1};
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        __builtin_trap();
    close(fd);
    struct lm_table *table = lm_table_open(path, &form, NULL);
    if (table == NULL)
        __builtin_trap();
    for (uint8_t key = 0; key < KEYS; key++)
        search(table, key);
    lm_table_count(table);
    if (!lm_table_put(table, row, "blob", 4) || !lm_table_find(table, row))
        __builtin_trap();
    for (uint8_t key = 0; key < KEYS; key++)
        search(table, key);
    lm_table_close(table);
    unlink(path);
    return 0;
}
