# The only home of OpenBLAS and of instruction sets. rows.inc, gemm.inc and decode.inc are compiled once for
# each; -fno-math-errno and -fno-trapping-math change no value, they let loops be vectorised.
add_library(lmpipe_kernels STATIC
  core/model/kernels/blas.c core/model/kernels/pick.c core/model/kernels/rows_c.c
  core/model/kernels/decode_pick.c core/model/kernels/decode_c.c)
set(lm_kernel_flags -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math)
set_source_files_properties(core/model/kernels/rows_c.c core/model/kernels/decode_c.c PROPERTIES
  COMPILE_OPTIONS "${lm_kernel_flags}" OBJECT_DEPENDS
  "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/decode.inc")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(lmpipe_kernels PRIVATE
    core/model/kernels/rows_avx2.c core/model/kernels/rows_avx512.c
    core/model/kernels/decode_avx2.c core/model/kernels/decode_avx512.c)
  set_source_files_properties(core/model/kernels/rows_avx2.c core/model/kernels/decode_avx2.c PROPERTIES
    COMPILE_OPTIONS "${lm_kernel_flags};-mavx2;-mfma" OBJECT_DEPENDS
    "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/decode.inc")
  set_source_files_properties(core/model/kernels/rows_avx512.c core/model/kernels/decode_avx512.c PROPERTIES
    COMPILE_OPTIONS
    "${lm_kernel_flags};-mavx2;-mfma;-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mprefer-vector-width=512"
    OBJECT_DEPENDS
    "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/decode.inc")
endif()
target_include_directories(lmpipe_kernels PRIVATE ${CMAKE_SOURCE_DIR}/include
  PUBLIC $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/inc/model>)
target_link_libraries(lmpipe_kernels PUBLIC m PRIVATE LM::openblas)
lm_warnings(lmpipe_kernels)
