/* The part of lmpipe doctor that needs everything loaded. */
#include <string.h>

#include "base/io.h"
#include "heavy_model.h"

static const struct {
    const char *name, *version; /* as pkg-config told the build */
} libraries[] = {

#include "libraries.inc"
};

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

static void print_kernels(FILE *out)
{
    static const char *const names[] = {"avx512", "avx2", "c"};
    char numerics[128];
    fputs("kernels    ", out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (kernel_works(names[i]))
            fprintf(out, " %s", names[i]);
    }
    fputc('\n', out);
    lm_numerics_describe(numerics, LM_NUMERICS_BLAS);
    fprintf(out, "numerics    %s\n", numerics);
    lm_numerics_describe(numerics, LM_NUMERICS_PORTABLE);
    fprintf(out, "            %s\n", numerics);
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

int lm_heavy_doctor(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    (void)given, (void)operands, (void)count;
    FILE *out = cli->out.file;
    const char *maps = read_maps(cli->arena);
    print_kernels(out);
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        const char *path = loaded_from(cli->arena, maps, libraries[i].name);
        fprintf(out, "library     %-9s built with %-8s %s\n", libraries[i].name,
                libraries[i].version, path != NULL ? path : "not loaded");
    }
    return LM_EXIT_OK;
}
