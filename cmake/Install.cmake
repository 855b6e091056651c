# The model core as a library for others: headers, static archives, lmpipe-model.pc. The .pc file
# finds itself, so the whole prefix may be moved. Our archives need the shared libraries, so these are
# plain requirements: --static would ask for what OpenBLAS was made with (gfortran).
install(DIRECTORY include/lmpipe DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS lmpipe_model lmpipe_kernels lmpipe_tokenizer lmpipe_text lmpipe_gguf lmpipe_base
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

file(RELATIVE_PATH LM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" LM_PC_PREFIX "${LM_PC_PREFIX}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/lmpipe-model.pc @ONLY CONTENT
"prefix=\${pcfiledir}/@LM_PC_PREFIX@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@

Name: lmpipe-model
Description: GPT language models and byte-level BPE in C17
Version: @PROJECT_VERSION@
Requires: openblas libcrypto jansson libxxhash libutf8proc
Cflags: -I\${includedir}
Libs: -L\${libdir} -llmpipe_model -llmpipe_kernels -llmpipe_tokenizer -llmpipe_text -llmpipe_gguf -llmpipe_base -lpthread -lm
")
install(FILES ${CMAKE_BINARY_DIR}/lmpipe-model.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
