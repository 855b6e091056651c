# Pages and web archives.
set(LM_STAGE_LIBRARIES lmpipe_web lmpipe_corpus)
set(LM_STAGE_LIGHT clean_profile.c)
