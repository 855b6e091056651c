/**
 * The model core: a GPT library that stands alone. List presets, create, load, run (forward,
 * score, generate, embed, classify), train (backward, step), save.
 *
 * Shapes: B batch, T time, C width, L layers, H heads, V vocabulary; row-major. Token ids are
 * int32 in [0, V). Losses are in nats. Architecture: GPT-2 (Radford et al. 2019, section 2.3), with
 * what GPT-3 and later models changed as options of the configuration.
 * Results do not depend on the number of threads (docs/internals/numerics.md).
 * A model is used by one thread at a time; the pool it was given serves it.
 */
#ifndef LMPIPE_MODEL_H
#define LMPIPE_MODEL_H

#include <lmpipe/arena.h>
#include <lmpipe/hash.h>
#include <lmpipe/rng.h>
#include <lmpipe/status.h>

#include <lmpipe/model/config.h>   /* shapes: presets, architecture, counts */
#include <lmpipe/model/files.h>    /* load, save, import, export */
#include <lmpipe/model/generate.h> /* continue texts */
#include <lmpipe/model/life.h>     /* make, free, look at the tensors */
#include <lmpipe/model/measure.h>  /* phases, peaks */
#include <lmpipe/model/run.h>      /* scores, logits, states, labels */
#include <lmpipe/model/train.h>    /* gradients and steps */

#endif
