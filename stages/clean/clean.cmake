# Pages and web archives.
set(LM_STAGE_LIBRARIES lmpipe_web)
set(LM_STAGE_LIGHT clean_profile.c)
