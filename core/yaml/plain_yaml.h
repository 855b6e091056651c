/**
 * The YAML that programs write, read without libyaml: block mappings and lists, flow ones, scalars
 * of one line without escapes, comments; printable ASCII. Specs of thousands of stages are read
 * several times as fast so. What is not of this form is left to libyaml, which alone says what is
 * wrong with a text.
 */
#ifndef LM_YAML_PLAIN_YAML_H
#define LM_YAML_PLAIN_YAML_H

#include "yaml/yaml_node.h"

/** The tree of `size` bytes that are a block mapping of the form above, as lm_yaml_parse makes it
 *  of libyaml's events, places included. NULL: they have another form or a fault (also a key given
 *  twice), or memory is out; the arena is then as it was. */
const struct lm_node *lm_plain_yaml_read(struct lm_arena *arena, const char *file, const char *data,
                                         size_t size);

#endif
