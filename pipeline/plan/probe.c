#include "plan/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/buf.h"
#include "base/c_locale.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/new_file.h"

#define PATIENCE 60 /**< seconds: loading takes less than one */

/** Line of `text` that starts with `head`: what follows it, NUL-terminated in the arena; else NULL.
 */
static const char *line_after(struct lm_arena *arena, const char *text, const char *head)
{
    size_t length = strlen(head);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, head, length) == 0)
            return lm_arena_strndup(arena, line + length, strcspn(line + length, "\n"));
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

/* ---- what the answer depends on ---- */

static void put_stat(struct lm_buf *out, const char *name, const char *path)
{
    struct stat st;
    if (path == NULL || stat(path, &st) != 0) {
        lm_buf_printf(out, "%s absent\n", name);
        return;
    }
    lm_buf_printf(
        out, "%s %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 ".%09ld %" PRId64 ".%09ld\n", name,
        (uint64_t)st.st_dev, (uint64_t)st.st_ino, (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec,
        st.st_mtim.tv_nsec, (int64_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/** Vendor, family and model, feature flags; elsewhere than on x86 the machine's name. */
static void put_cpu(struct lm_buf *out)
{
#if defined(__x86_64__)
    static const unsigned leaves[] = {0, 1, 7, 0x80000001};
    lm_buf_puts(out, "cpu");
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        unsigned a = 0, b = 0, c = 0, d = 0;
        __get_cpuid_count(leaves[i], 0, &a, &b, &c, &d);
        if (leaves[i] ==
            1) { /* which core answers, and whether the OS is in some mode: not the kind */
            b = 0;
            c &= ~(1u << 27);
        }
        lm_buf_printf(out, " %08x.%08x.%08x.%08x", a, b, c, d);
    }
    lm_buf_putc(out, '\n');
#else
    struct utsname name = {0};
    uname(&name);
    lm_buf_printf(out, "cpu %s\n", name.machine);
#endif
}

/** The conditions an answer holds under: the worker, the libraries it names, and so on. */
static void put_conditions(struct lm_buf *out, struct lm_arena *arena, const char *worker,
                           const char *answer, const char *coretype, const char *library_path)
{
    static const char head[] = "library ";
    lm_buf_puts(out, "lmpipe-probe 2\n");
    put_stat(out, "worker", worker);
    for (const char *line = answer; line != NULL && *line != '\0';) {
        if (strncmp(line, head, strlen(head)) == 0)
            put_stat(out, "library", line_after(arena, line, head));
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    put_cpu(out);
    lm_buf_printf(out, "coretype %s\nlibrary-path %s\n--\n", coretype ? coretype : "",
                  library_path ? library_path : "");
}

/* ---- asking ---- */

/** Reads to the end, or until the deadline; then LM_CANCELLED. */
static enum lm_status read_all(char *answer, int fd, double seconds, struct lm_err *err)
{
    uint64_t deadline = lm_clock_monotonic_ns() + (uint64_t)(seconds * 1e9);
    size_t size = 0;
    for (;;) {
        uint64_t now = lm_clock_monotonic_ns();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (now >= deadline)
            return lm_fail(err, LM_CANCELLED, "no answer within %.0f s", seconds);
        int answers = poll(&ready, 1, (int)((deadline - now) / 1000000) + 1);
        ssize_t n = answers > 0 ? read(fd, answer + size, LM_PROBE_BYTES - 1 - size) : -1;
        if (answers == 0 || ((answers < 0 || n < 0) && errno == EINTR))
            continue;
        if (answers < 0 || n < 0)
            return lm_fail_errno(err, errno, "cannot read what the worker says");
        if (n == 0 || size + (size_t)n == LM_PROBE_BYTES - 1)
            break;
        size += (size_t)n;
    }
    answer[size] = '\0';
    return LM_OK;
}

static pid_t start(const char *worker, const char *question, int out, const char *coretype,
                   const char *library_path)
{
    char core[300], path[4096];
    char *argv[] = {(char *)(uintptr_t)worker, (char *)(uintptr_t)question, NULL};
    /* as in stages; OpenBLAS with threads may wait for ever where memory is limited */
    char *envp[] = {"LC_ALL=C", "OPENBLAS_NUM_THREADS=1", NULL, NULL, NULL};
    size_t n = 2;
    if (coretype != NULL) {
        snprintf(core, sizeof core, "OPENBLAS_CORETYPE=%s", coretype);
        envp[n++] = core;
    }
    if (library_path != NULL) {
        snprintf(path, sizeof path, "LD_LIBRARY_PATH=%s", library_path);
        envp[n++] = path;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid = -1;
    sigemptyset(&none);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    if (posix_spawnattr_init(&attributes) == 0) {
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        errno = posix_spawn(&pid, worker, &actions, &attributes, argv, envp);
        if (errno != 0)
            pid = -1;
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/** What an end that is no answer says, and what to do. */
static enum lm_status explain(const char *worker, const char *question, int status,
                              struct lm_err *err)
{
    if (WIFSIGNALED(status))
        return lm_fail(err, LM_IO,
                       "%s %s was killed by SIG%s; if memory is short, free some or raise the "
                       "limit, else run it by hand to see why",
                       worker, question, sigabbrev_np(WTERMSIG(status)));
    return lm_fail(err, LM_IO,
                   "%s %s ended with exit status %d; run it by hand to see why: a library that is "
                   "missing must be installed",
                   worker, question, WEXITSTATUS(status));
}

enum lm_status lm_probe_ask(char answer[LM_PROBE_BYTES], const char *worker, const char *question,
                            const char *coretype, const char *library_path, double seconds,
                            struct lm_err *err)
{
    int ends[2], status = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return lm_fail_errno(err, errno, "cannot make a pipe to the worker");
    pid_t pid = start(worker, question, ends[1], coretype, library_path);
    int reason = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return lm_fail_errno(err, reason, "cannot start %s", worker);
    }
    enum lm_status result = read_all(answer, ends[0], seconds, err);
    close(ends[0]);
    if (result != LM_OK)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (result == LM_CANCELLED)
        return lm_fail(err, LM_IO,
                       "%s %s gave no answer within %.0f s: is its memory limited (ulimit -v)? Run "
                       "it by hand to see why",
                       worker, question, seconds);
    return result == LM_OK && status != 0 ? explain(worker, question, status, err) : result;
}

static bool parse(struct lm_probe *out, struct lm_arena *arena, const char *text)
{
    out->blas = line_after(arena, text, "numerics blas ");
    out->portable = line_after(arena, text, "numerics portable ");
    out->answer = text;
    if (out->blas == NULL || out->portable == NULL)
        return false;
    out->blas = lm_arena_printf(arena, "blas %s", out->blas);
    out->portable = lm_arena_printf(arena, "portable %s", out->portable);
    return out->blas != NULL && out->portable != NULL;
}

/** The cached answer, when it still holds: conditions, a line "--", the worker's words. */
static bool recall(struct lm_probe *out, struct lm_arena *arena, const char *cache,
                   const char *worker, const char *coretype, const char *library_path)
{
    char *text;
    size_t size;
    struct lm_buf now;
    if (!lm_path_exists(cache) ||
        lm_file_read(&text, &size, arena, cache, 2 * LM_PROBE_BYTES, NULL) != LM_OK)
        return false;
    const char *answer = strstr(text, "--\n");
    if (answer == NULL)
        return false;
    answer += 3;
    lm_buf_init(&now, 0);
    put_conditions(&now, arena, worker, answer, coretype, library_path);
    size_t length = (size_t)(answer - text);
    bool holds = !now.failed && length == now.size && memcmp(text, now.data, length) == 0;
    lm_buf_release(&now);
    return holds && parse(out, arena, answer);
}

const char *lm_probe_tables(const struct lm_probe *probe, struct lm_arena *arena, const char *name)
{
    if (strcmp(name, "portable") == 0)
        return strncmp(probe->portable, "portable ", 9) == 0 ? probe->portable + 9 : NULL;
    const char *head = lm_arena_printf(arena, "tables %s ", name);
    return head != NULL ? line_after(arena, probe->answer, head) : NULL;
}

const char *lm_probe_lacks(const struct lm_probe *probe, struct lm_arena *arena, const char *name)
{
    const char *head = lm_arena_printf(arena, "lacks %s ", name);
    return head != NULL ? line_after(arena, probe->answer, head) : NULL;
}

enum lm_status lm_probe(struct lm_probe *out, struct lm_arena *arena, const struct lm_store *store,
                        const char *worker, const char *(*env)(void *user, const char *name),
                        void *env_user, struct lm_err *err)
{
    const char *coretype = env ? env(env_user, "OPENBLAS_CORETYPE") : NULL;
    const char *library_path = env ? env(env_user, "LD_LIBRARY_PATH") : NULL;
    const char *cache = lm_path_join(arena, lm_store_path(store), "probe");
    char *answer = lm_arena_alloc(arena, LM_PROBE_BYTES);
    if (cache == NULL || answer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to ask the worker; free some");
    if (worker == NULL)
        return lm_fail(err, LM_NOT_FOUND,
                       "the program lmpipe-worker was not found; install lmpipe again");
    if (recall(out, arena, cache, worker, coretype, library_path))
        return LM_OK;
    LM_TRY(lm_probe_ask(answer, worker, "probe", coretype, library_path, PATIENCE, err));
    if (!parse(out, arena, answer))
        return lm_fail(err, LM_FORMAT,
                       "%s probe: its answer is not understood; install lmpipe again", worker);
    struct lm_buf text;
    lm_buf_init(&text, 0);
    put_conditions(&text, arena, worker, answer, coretype, library_path);
    lm_buf_puts(&text, answer);
    /* A store that cannot be written costs time, no more. */
    lm_new_file_write_buf(cache, &text, LM_NEW_DURABLE, NULL);
    lm_buf_release(&text);
    return LM_OK;
}

enum lm_status lm_probe_peak(double *peak, struct lm_arena *arena, const char *worker,
                             double seconds, struct lm_err *err)
{
    char *end;
    char *answer = lm_arena_alloc(arena, LM_PROBE_BYTES);
    if (answer == NULL)
        return lm_fail(err, LM_NOMEM, "no memory to ask the worker; free some");
    LM_TRY(lm_probe_ask(answer, worker, "peak", NULL, NULL, seconds, err));
    const char *number = line_after(arena, answer, "fp32 ");
    *peak = number != NULL ? lm_c_strtod(number, &end) : 0;
    if (number == NULL || *end != '\0' || !(*peak > 0))
        return lm_fail(err, LM_FORMAT,
                       "%s peak: its answer is not understood; install lmpipe again", worker);
    return LM_OK;
}
