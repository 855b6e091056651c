/**
 * What CI shows of `run --ci` (docs/ci/README.md): annotations at places of the spec, foldable
 * parts of its log, the summary of the job. The environment says where it runs:
 *
 *     GITHUB_ACTIONS=true    GitHub, and what speaks as it does: annotations, groups
 *     GITLAB_CI=true         GitLab: sections
 *     GITHUB_WORKSPACE       the checkout, from which annotations name files
 *     GITHUB_STEP_SUMMARY    the file that the summary is appended to
 *     GITHUB_SERVER_URL, _REPOSITORY, _REF, _SHA, _WORKFLOW_REF, CI_PROJECT_URL, CI_COMMIT_SHA,
 *     CI_COMMIT_REF_NAME, CI_RUNNER_ID    builder and commit in provenance.json
 *
 * Commands are written past the stream that breaks them (stream.h), here and in ci_groups.c alone:
 * what is foreign in them has passed safe_text.h and is escaped as their syntax wants it.
 */
#ifndef LM_CLI_CI_H
#define LM_CLI_CI_H

#include <lmpipe/pipeline.h>

#include "base/buf.h"

/** Annotations of a kind that GitHub shows of a step. */
#define LM_CI_ANNOTATIONS 10

struct lm_cli;

struct lm_ci {
    enum lm_ci_system { LM_CI_NONE, LM_CI_GITHUB, LM_CI_GITLAB } system;

    const char *workspace; /**< absolute, links resolved; NULL: not known */
    const char *summary;   /**< file to append to, or NULL */
    struct lm_run_job job;
    struct lm_diag *items; /**< errors and warnings that were told */
    size_t count, capacity;
};

/** Reads the environment through `env`. Texts in the arena. */
void lm_ci_init(struct lm_ci *ci, struct lm_arena *arena,
                const char *(*env)(void *user, const char *name), void *user);
/** Keeps a finding to be annotated. line 0, file NULL: without a place. */
void lm_ci_note(struct lm_ci *ci, struct lm_arena *arena, const struct lm_diag *diag);
/** Appends the annotations as commands of GitHub, a line each: LM_CI_ANNOTATIONS errors at most,
 *  the last of which counts the others, then warnings likewise. */
void lm_ci_annotations_write(struct lm_buf *out, const struct lm_ci *ci, struct lm_arena *arena);
/** Appends a summary of a run that did not begin: the errors that were noted. Markdown. */
void lm_ci_refusal_write(struct lm_buf *out, const struct lm_ci *ci, int status);
/** Shows what was noted and the summary (NULL: none) of the run's job, `cli->job`. What cannot be
 *  written is a warning. */
void lm_ci_show(struct lm_cli *cli, const char *summary);

#endif
