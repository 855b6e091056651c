/* lmpipe doctor: the machine, the libraries, the store; what is wrong with them. */
#include <lmpipe/verify.h>

#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "base/pool.h"
#include "commands.h"
#include "human.h"
#include "loaded.h"
#include "worker_start.h"

struct doctor_args {
    const char *store;
};

static const struct lm_option options[] = {
    {.name = "store",
     .kind = LM_O_TEXT,
     .offset = offsetof(struct doctor_args, store),
     .metavar = "DIR",
     .help = "the store to look at (else LMPIPE_STORE, else artifacts/store below the root)"},
    {0},
};

static void print_machine(struct lm_cli *cli)
{
    struct utsname name;
    char memory[32], available[32];
    FILE *out = cli->out.file;
    char cpu[64];
    lm_cpu_name(cpu);
    fputs("lmpipe      " LM_VERSION "\n", out);
    if (uname(&name) == 0)
        fprintf(out, "system      %s %s %s\n", name.sysname, name.release, name.machine);
    fprintf(out, "processor   %s\n", cpu);
    fprintf(out, "threads     %zu allowed%s%s\n", lm_cpu_count(),
            cli->threads != NULL ? ", LMPIPE_THREADS=" : "",
            cli->threads != NULL ? lm_cli_text(cli, cli->threads) : "");
    fprintf(out, "memory      %s allowed, %s available now\n",
            lm_human_bytes(memory, lm_memory_limit()),
            lm_human_bytes(available, lm_memory_available()));
}

static void print_data(struct lm_cli *cli)
{
    const char *data = lm_cli_env(NULL, "LMPIPE_DATA");
    bool set = data != NULL && data[0] != '\0';
    fprintf(cli->out.file, "LMPIPE_DATA %s%s\n", set ? lm_cli_text(cli, data) : "not set",
            set && !lm_path_is_dir(data) ? " (no such folder: unset it or make it)" : "");
}

/* A store that is not there is not made, and is no fault. */
static int print_store(struct lm_cli *cli, const char *option)
{
    struct lm_store *store = NULL;
    struct lm_err err = {0};
    const char *place = lm_store_place(cli, option, lm_root_here(cli));
    const char *version = place != NULL ? lm_path_join(cli->arena, place, "VERSION") : NULL;
    if (version == NULL || !lm_path_exists(version)) {
        fprintf(cli->out.file, "store       none yet at %s\n",
                place != NULL ? lm_cli_text(cli, lm_cli_path(cli, place)) : "?");
        return LM_EXIT_OK;
    }
    fprintf(cli->out.file, "store       %s\n", lm_cli_text(cli, lm_cli_path(cli, place)));
    if (lm_store_open(&store, place, &err) != LM_OK ||
        lm_store_doctor(store, cli->out.file, &err) != LM_OK ||
        lm_verify_seen(store, cli->out.file, &err) != LM_OK)
        lm_cli_fail(cli, 0, err.text);
    lm_store_close(store);
    return err.status == LM_OK ? LM_EXIT_OK : LM_EXIT_STORE;
}

static int run(struct lm_cli *cli, const void *given, char **operands, size_t count)
{
    const struct doctor_args *args = given;
    (void)operands, (void)count;
    print_machine(cli);
    print_data(cli);
    fprintf(cli->out.file, "worker      %s\n",
            cli->worker != NULL ? lm_cli_text(cli, cli->worker) : "not found");
    int worker = lm_worker_call(cli, "doctor");
    int store = print_store(cli, args->store);
    return worker != LM_EXIT_OK ? worker : store;
}

const struct lm_command lm_command_doctor = {
    .name = "doctor",
    .summary = "machine, kernels, libraries and store: what is there, what is wrong",
    .operands = "",
    .options = options,
    .args_size = sizeof(struct doctor_args),
    .example = "lmpipe doctor",
    .run = run,
};
