# The only home of OpenBLAS and of instruction sets. rows.inc and gemm.inc are compiled once for
# each; -fno-math-errno and -fno-trapping-math change no value, they let loops be vectorised.
add_library(lmpipe_kernels STATIC
  core/model/kernels/blas.c core/model/kernels/pick.c core/model/kernels/rows_c.c
  core/model/kernels/peak_pick.c core/model/kernels/peak_c.c)
set(lm_kernel_flags -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math)
set_source_files_properties(core/model/kernels/rows_c.c PROPERTIES
  COMPILE_OPTIONS "${lm_kernel_flags}" OBJECT_DEPENDS
  "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(lmpipe_kernels PRIVATE
    core/model/kernels/rows_avx2.c core/model/kernels/rows_avx512.c)
  set_source_files_properties(core/model/kernels/rows_avx2.c PROPERTIES
    COMPILE_OPTIONS "${lm_kernel_flags};-mavx2;-mfma" OBJECT_DEPENDS
    "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc")
  set_source_files_properties(core/model/kernels/rows_avx512.c PROPERTIES
    COMPILE_OPTIONS
    "${lm_kernel_flags};-mavx2;-mfma;-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mprefer-vector-width=512"
    OBJECT_DEPENDS
    "${CMAKE_SOURCE_DIR}/core/model/kernels/rows.inc;${CMAKE_SOURCE_DIR}/core/model/kernels/gemm.inc")
endif()
# The peak loops (peak.inc) likewise; one more for bfloat16, which needs an instruction of its own.
set(lm_peak_inc "${CMAKE_SOURCE_DIR}/core/model/kernels/peak.inc")
set(lm_peak_512 "-mavx2;-mfma;-mavx512f;-mavx512dq;-mavx512bw;-mavx512vl;-mprefer-vector-width=512")
set_source_files_properties(core/model/kernels/peak_c.c PROPERTIES
  COMPILE_OPTIONS "${lm_kernel_flags}" OBJECT_DEPENDS "${lm_peak_inc}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_sources(lmpipe_kernels PRIVATE core/model/kernels/peak_avx2.c
    core/model/kernels/peak_avx512.c core/model/kernels/peak_avx512bf16.c)
  set_source_files_properties(core/model/kernels/peak_avx2.c PROPERTIES
    COMPILE_OPTIONS "${lm_kernel_flags};-mavx2;-mfma" OBJECT_DEPENDS "${lm_peak_inc}")
  set_source_files_properties(core/model/kernels/peak_avx512.c PROPERTIES
    COMPILE_OPTIONS "${lm_kernel_flags};${lm_peak_512}" OBJECT_DEPENDS "${lm_peak_inc}")
  set_source_files_properties(core/model/kernels/peak_avx512bf16.c PROPERTIES
    COMPILE_OPTIONS "${lm_kernel_flags};${lm_peak_512};-mavx512bf16")
endif()
target_include_directories(lmpipe_kernels PRIVATE ${CMAKE_SOURCE_DIR}/include
  PUBLIC $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/inc/model>)
target_link_libraries(lmpipe_kernels PUBLIC m PRIVATE LM::openblas)
lm_warnings(lmpipe_kernels)
