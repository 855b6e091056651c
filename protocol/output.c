#include "protocol/output.h"

#include <string.h>

#include "base/utf8.h"

#define NAME_LONGEST 1000

/** No empty, "." or ".." part. */
static bool parts_are_fine(const char *name)
{
    for (const char *part = name; part != NULL;) {
        const char *slash = strchr(part, '/');
        size_t length = slash ? (size_t)(slash - part) : strlen(part);
        if (length == 0 || (length <= 2 && strspn(part, ".") >= length))
            return false;
        part = slash ? slash + 1 : NULL;
    }
    return true;
}

bool lm_output_name_is_fine(const char *name)
{
    size_t size = strlen(name);
    if (size > NAME_LONGEST || lm_utf8_valid_prefix((const uint8_t *)name, size) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    return parts_are_fine(name);
}
