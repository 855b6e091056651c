# Doors of this stage: http.c (libcurl) and archive.c (libarchive).
set(LM_STAGE_LIBRARIES LM::curl LM::archive)
