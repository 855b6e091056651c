#include "model/block.h"

#include <stdint.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 1 << 21 };

/* Small blocks take what comes; large ones are mapped with room to begin on a huge page's border
 * and give the rest back. Page faults are dear in virtual machines: huge pages save most. */
void *lm_block_map(size_t size)
{
    size_t room = size >= HUGE_PAGE ? size + HUGE_PAGE : size;
    if (room < size)
        return NULL;
    char *map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return NULL;
    if (room == size)
        return map;
    size_t skip = (HUGE_PAGE - (uintptr_t)map % HUGE_PAGE) % HUGE_PAGE;
    if (skip > 0)
        munmap(map, skip);
    const size_t page = 4096;
    size_t used = (size + page - 1) / page * page, rest = HUGE_PAGE - skip - (used - size);
    if (room > skip + used)
        munmap(map + skip + used, rest);
    madvise(map + skip, used, MADV_HUGEPAGE);
    return map + skip;
}

void lm_block_unmap(void *block, size_t size)
{
    if (block != NULL)
        munmap(block, size);
}
