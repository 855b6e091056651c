/** A fuzzer's bytes as a file that loaders can open: an anonymous file behind /proc/self/fd. */
#ifndef LM_TESTS_FUZZ_FILE_H
#define LM_TESTS_FUZZ_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct fuzz_file {
    int fd;
    char path[40];
};

static inline void fuzz_file_open(struct fuzz_file *file, const uint8_t *data, size_t size)
{
    file->fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (file->fd < 0 || write(file->fd, data, size) != (ssize_t)size)
        __builtin_trap();
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

static inline void fuzz_file_close(struct fuzz_file *file)
{
    close(file->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
