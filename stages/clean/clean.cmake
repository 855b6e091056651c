# Pages and web archives.
set(LM_STAGE_LIBRARIES lmpipe_web)
