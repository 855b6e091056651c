/** What every program of lmpipe does first. */
#ifndef LM_BASE_PROCESS_H
#define LM_BASE_PROCESS_H

/**
 * Opens /dev/null on descriptors 0 to 2 that are closed, so that no file opened later is taken for
 * a standard stream, and ignores SIGPIPE and SIGXFSZ, so that a reader that went away or a
 * file-size limit is an error of one write (EPIPE, EFBIG), not the end of the process.
 */
void lm_process_begin(void);

#endif
