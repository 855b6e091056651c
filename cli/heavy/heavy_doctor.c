/* The part of lmpipe doctor that needs everything loaded. */
#include <string.h>

#include "base/io.h"
#include "base/json.h"
#include "base/pool.h"
#include "heavy_model.h"
#include "text/language.h"

static const struct {
    const char *name, *version; /* as pkg-config told the build */
} libraries[] = {

#include "libraries.inc"
};

enum { LIBRARIES = sizeof libraries / sizeof libraries[0] };

/* A kernel path works here when a model can be made with it. */
static bool kernel_works(const char *kernels)
{
    const struct lm_model_config config = {
        .vocab = 8, .context = 4, .layers = 1, .heads = 1, .width = 8};
    const struct lm_model_options options = {.kernels = kernels};
    struct lm_model *model = NULL;
    bool works = lm_model_create(&model, &config, &options, NULL) == LM_OK;
    lm_model_free(model);
    return works;
}

static const char *const kernel_names[] = {"avx512", "avx2", "c"};

enum { KERNELS = sizeof kernel_names / sizeof kernel_names[0] };

static void print_kernels(FILE *out)
{
    char numerics[128];
    fputs("kernels    ", out);
    for (size_t i = 0; i < KERNELS; i++) {
        if (kernel_works(kernel_names[i]))
            fprintf(out, " %s", kernel_names[i]);
    }
    fputc('\n', out);
    lm_numerics_describe(numerics, LM_NUMERICS_BLAS);
    fprintf(out, "numerics    %s\n", numerics);
    lm_numerics_describe(numerics, LM_NUMERICS_PORTABLE);
    fprintf(out, "            %s\n", numerics);
}

static void print_peak(FILE *out, const char *title, const struct lm_machine_peak *one,
                       const struct lm_machine_peak *all, size_t threads)
{
    fprintf(out, "%-11s %-6s  fp32 %.0f GFLOP/s on 1 thread, %.0f on %zu", title, one->kernels,
            one->fp32 / 1e9, all->fp32 / 1e9, threads);
    if (one->bf16 > 0)
        fprintf(out, "; bf16 %.0f, %.0f", one->bf16 / 1e9, all->bf16 / 1e9);
    fputc('\n', out);
}

/* What the arithmetic units and the memory give, on one thread and on all. */
static void print_peaks(FILE *out)
{
    size_t threads = lm_cpu_count();
    const char *title = "peak";
    double one_rate, all_rate;
    for (size_t i = 0; i < KERNELS; i++) {
        struct lm_machine_peak one, all;
        if (lm_machine_peak(&one, kernel_names[i], 1, NULL) != LM_OK ||
            lm_machine_peak(&all, kernel_names[i], threads, NULL) != LM_OK)
            continue;
        print_peak(out, title, &one, &all, threads);
        title = "";
    }
    if (lm_machine_read_rate(&one_rate, 1, NULL) == LM_OK &&
        lm_machine_read_rate(&all_rate, threads, NULL) == LM_OK)
        fprintf(out, "memory read %.1f GB/s on 1 thread, %.1f on %zu\n", one_rate / 1e9,
                all_rate / 1e9, threads);
}

/* Path of the file a library was loaded from, by this process's map of memory, or NULL. */
static const char *loaded_from(struct lm_arena *arena, const char *maps, const char *name)
{
    const char *pattern = lm_arena_printf(arena, "/lib%s", name);
    for (const char *at = maps; pattern != NULL && (at = strstr(at, pattern)) != NULL; at++) {
        const char *rest = at + strlen(pattern);
        const char *line = at;
        if (strncmp(rest, ".so", 3) != 0 && strncmp(rest, "p-r", 3) != 0 && *rest != '-')
            continue;
        while (line > maps && line[-1] != ' ')
            line--;
        return lm_arena_strndup(arena, line, strcspn(line, "\n"));
    }
    return NULL;
}

/* /proc/self/maps tells no size, so it is read by pieces. */
static const char *read_maps(struct lm_arena *arena)
{
    enum { MOST = 1 << 20 };

    char *maps = lm_arena_alloc(arena, MOST);
    FILE *file = maps != NULL ? fopen("/proc/self/maps", "re") : NULL;
    if (file == NULL)
        return "";
    size_t size = fread(maps, 1, MOST - 1, file);
    maps[size] = '\0';
    fclose(file);
    return maps;
}

/* The one that may be absent. */
static void print_language(FILE *out)
{
    struct lm_language *language = NULL;
    struct lm_err err = {0};
    if (lm_language_open(&language, &err) == LM_OK)
        fprintf(out, "library     %-9s version %-11s %s\n", "cld2", lm_language_version(language),
                lm_language_library(language));
    else
        fprintf(out, "library     %-9s absent: %s\n", "cld2", err.text);
    lm_language_close(language);
}

/* ---- for programs ---- */

static void put_numerics(struct lm_json_writer *writer)
{
    char numerics[128];
    lm_json_key(writer, "kernels");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < KERNELS; i++)
        if (kernel_works(kernel_names[i]))
            lm_json_put_string(writer, kernel_names[i]);
    lm_json_close(writer, ']');
    lm_json_key(writer, "numerics");
    lm_json_open(writer, '{');
    lm_numerics_describe(numerics, LM_NUMERICS_BLAS);
    lm_json_member_string(writer, "blas", numerics);
    lm_numerics_describe(numerics, LM_NUMERICS_PORTABLE);
    lm_json_member_string(writer, "portable", numerics);
    lm_json_close(writer, '}');
}

/* What one thread and all of them reach: operations a second by kernels, bytes read a second. */
static void put_peaks(struct lm_json_writer *writer, size_t threads)
{
    struct lm_machine_peak peak;
    double rate;
    lm_json_key(writer, "peaks");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < KERNELS; i++) {
        if (lm_machine_peak(&peak, kernel_names[i], threads, NULL) != LM_OK)
            continue;
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "kernels", peak.kernels);
        lm_json_member_int(writer, "threads", (int64_t)threads);
        lm_json_member_double(writer, "fp32", peak.fp32);
        if (peak.bf16 > 0)
            lm_json_member_double(writer, "bf16", peak.bf16);
        lm_json_close(writer, '}');
    }
    lm_json_close(writer, ']');
    if (lm_machine_read_rate(&rate, threads, NULL) == LM_OK)
        lm_json_member_double(writer, "memory_read", rate);
}

static void put_language(struct lm_json_writer *writer)
{
    struct lm_language *language = NULL;
    lm_json_open(writer, '{');
    lm_json_member_string(writer, "name", "cld2");
    if (lm_language_open(&language, NULL) == LM_OK) {
        lm_json_member_string(writer, "version", lm_language_version(language));
        lm_json_member_string(writer, "path", lm_language_library(language));
    }
    lm_language_close(language);
    lm_json_close(writer, '}');
}

static void put_libraries(struct lm_json_writer *writer, struct lm_arena *arena, const char *maps)
{
    lm_json_key(writer, "libraries");
    lm_json_open(writer, '[');
    for (size_t i = 0; i < LIBRARIES; i++) {
        const char *path = loaded_from(arena, maps, libraries[i].name);
        lm_json_open(writer, '{');
        lm_json_member_string(writer, "name", libraries[i].name);
        lm_json_member_string(writer, "built_with", libraries[i].version);
        if (path != NULL)
            lm_json_member_string(writer, "path", path);
        lm_json_close(writer, '}');
    }
    put_language(writer);
    lm_json_close(writer, ']');
}

static int print_json(struct lm_cli *cli, const char *maps)
{
    struct lm_json_writer writer;
    struct lm_buf text;
    struct lm_err err = {0};
    lm_buf_init(&text, 0);
    lm_json_begin(&writer, &text, false);
    lm_json_open(&writer, '{');
    put_numerics(&writer);
    put_peaks(&writer, lm_cpu_count());
    put_libraries(&writer, cli->arena, maps);
    lm_json_close(&writer, '}');
    return lm_cli_put(&text, cli->out.file, &err) == LM_OK
               ? LM_EXIT_OK
               : lm_cli_fail(cli, LM_EXIT_STORE, err.text);
}

int lm_heavy_doctor(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct lm_heavy_doctor_args *args = given;
    FILE *out = cli->out.file;
    const char *maps = read_maps(cli->arena);
    (void)operands, (void)count;
    if (args->json)
        return print_json(cli, maps);
    print_kernels(out);
    print_peaks(out);
    for (size_t i = 0; i < LIBRARIES; i++) {
        const char *path = loaded_from(cli->arena, maps, libraries[i].name);
        fprintf(out, "library     %-9s built with %-8s %s\n", libraries[i].name,
                libraries[i].version, path != NULL ? path : "not loaded");
    }
    print_language(out);
    return LM_EXIT_OK;
}
