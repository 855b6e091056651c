/** The 95 % score interval of a proportion (Wilson 1927). */
#ifndef LM_STATS_WILSON_H
#define LM_STATS_WILSON_H

/** Interval of hits / count; count > 0. */
void lm_wilson(double *low, double *high, double hits, double count);

#endif
