# Doors of this stage: http.c (libcurl), unpack.c (libarchive) and gunzip.c (zlib).
set(LM_STAGE_LIBRARIES LM::curl LM::archive LM::zlib)
