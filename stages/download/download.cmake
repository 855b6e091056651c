# Doors of this stage: http.c (libcurl), unpack.c (libarchive).
set(LM_STAGE_LIBRARIES lmpipe_web LM::curl LM::archive)
