/* The program of a room's tests: unit_ROOM test_FILE runs those of a file. */
#include "tap.h"

extern const struct tap_file *const __start_tap_files[], *const __stop_tap_files[];

/* Is it the file that is called so, "unit/base/test_io.c" test_io? */
static bool is_called(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const char *file = slash != NULL ? slash + 1 : path;
    size_t length = strlen(name);
    return strncmp(file, name, length) == 0 && strcmp(file + length, ".c") == 0;
}

int main(int argc, char **argv)
{
    const struct tap_file *const *at = __start_tap_files;
    for (; argc == 2 && at < __stop_tap_files; at++)
        if (is_called((*at)->path, argv[1]))
            return tap_main((*at)->tests, (*at)->count);
    fprintf(stderr, "usage: %s FILE, which is one of\n", argv[0]);
    for (at = __start_tap_files; at < __stop_tap_files; at++)
        fprintf(stderr, "  %s\n", (*at)->path);
    return 2;
}
