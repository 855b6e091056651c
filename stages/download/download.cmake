# Doors of this stage: http.c (libcurl) and unpack.c (libarchive).
set(LM_STAGE_LIBRARIES LM::curl LM::archive)
