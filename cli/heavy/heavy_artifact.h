/** SPEC:STAGE.PORT as an operand of the commands that the worker does. */
#ifndef LM_HEAVY_ARTIFACT_H
#define LM_HEAVY_ARTIFACT_H

#include "artifact_name.h"
#include "cli.h"
#include "loaded.h"

/** An artifact of the current results; the plan it is found by is in `loaded`. */
struct lm_heavy_artifact {
    struct lm_loaded loaded;
    struct lm_artifact_name name;
    size_t stage;
};

/** Whether an operand names an artifact, and no file that is there. */
bool lm_heavy_is_artifact(const char *operand);
/** Plans the spec that an operand names and finds the stage; without ".PORT" the port is `port`.
 *  Returns an exit code, LM_EXIT_OK when found; what is wrong has been printed. Release in any
 *  case. */
int lm_heavy_artifact_find(struct lm_heavy_artifact *out, struct lm_cli *cli, const char *operand,
                           const char *port, const struct lm_spec_args *args);
void lm_heavy_artifact_release(struct lm_heavy_artifact *artifact);

#endif
