# The only home of OpenBLAS and of instruction sets. rows.inc, gemm.inc and decode.inc are compiled once for
# each; -fno-math-errno and -fno-trapping-math change no value, they let loops be vectorised.
set(lm_flags_c -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math)
set(lm_flags_avx2 ${lm_flags_c} -mavx2 -mfma)
set(lm_flags_avx512 ${lm_flags_avx2} -mavx512f -mavx512dq -mavx512bw -mavx512vl
  -mprefer-vector-width=512)
set(lm_flags_avx512bf16 ${lm_flags_avx512} -mavx512bf16)

add_library(lmpipe_kernels STATIC core/model/kernels/blas.c core/model/kernels/pick.c
  core/model/kernels/peak_pick.c core/model/kernels/decode_pick.c)
set(lm_kernel_sets c)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND lm_kernel_sets avx2 avx512 avx512bf16)
endif()
file(GLOB lm_kernel_shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/core/model/kernels/*.inc)
foreach(set ${lm_kernel_sets})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/core/model/kernels/*_${set}.c)
  target_sources(lmpipe_kernels PRIVATE ${sources})
  set_source_files_properties(${sources} PROPERTIES
    COMPILE_OPTIONS "${lm_flags_${set}}" OBJECT_DEPENDS "${lm_kernel_shared}")
  if(CMAKE_C_FLAGS MATCHES "undefined") # with its checks, optimised, clang takes minutes for these
    set_source_files_properties(core/model/kernels/decode_${set}.c PROPERTIES
      COMPILE_OPTIONS "${lm_flags_${set}};-O0")
    foreach(product gemm_f32 gemm_bf16) # all sets are one text: that of C is checked for them
      set_source_files_properties(core/model/kernels/${product}_${set}.c PROPERTIES
        COMPILE_OPTIONS "${lm_flags_${set}};$<IF:$<STREQUAL:${set},c>,-O1,-fno-sanitize=undefined>")
    endforeach()
  endif()
endforeach()
target_include_directories(lmpipe_kernels
  PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/inc/base
  PUBLIC $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/inc/model>)
target_link_libraries(lmpipe_kernels PUBLIC m PRIVATE LM::openblas)
lm_warnings(lmpipe_kernels)
