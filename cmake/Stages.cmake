# From LM_STAGES: the table of descriptors (light) and the table of run functions (worker).
# Libraries behind a stage's own doors are named by stages/<name>/<name>.cmake: LM_STAGE_LIBRARIES; further
# sources of its descriptor, which link nothing: LM_STAGE_LIGHT.
function(lm_stage_targets)
  set(externs "")
  set(rows "")
  set(run_externs "")
  set(run_rows "")
  add_library(lmpipe_stages STATIC)
  target_include_directories(lmpipe_stages PUBLIC ${CMAKE_SOURCE_DIR}/include
    PRIVATE ${CMAKE_BINARY_DIR}/inc/base ${CMAKE_BINARY_DIR}/inc/text ${CMAKE_BINARY_DIR}/inc/model)
  target_link_libraries(lmpipe_stages PRIVATE lmpipe_task)
  lm_warnings(lmpipe_stages)
  add_library(lmpipe_work INTERFACE)
  foreach(stage ${LM_STAGES})
    string(APPEND externs "extern const struct lm_stage lm_stage_${stage};\n")
    string(APPEND rows "    &lm_stage_${stage},\n")
    string(APPEND run_externs "extern lm_run_fn lm_run_${stage};\n")
    string(APPEND run_rows "    {\"${stage}\", lm_run_${stage}},\n")
    set(LM_STAGE_LIBRARIES "")
    set(LM_STAGE_LIGHT "")
    include(${CMAKE_SOURCE_DIR}/stages/${stage}/${stage}.cmake OPTIONAL)
    list(TRANSFORM LM_STAGE_LIGHT PREPEND ${CMAKE_SOURCE_DIR}/stages/${stage}/)
    list(APPEND LM_STAGE_LIGHT ${CMAKE_SOURCE_DIR}/stages/${stage}/${stage}.c)
    target_sources(lmpipe_stages PRIVATE ${LM_STAGE_LIGHT})
    # The work: everything else in the folder; it sees core/ and the promise, no other stage.
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/stages/${stage}/*.c)
    list(REMOVE_ITEM sources ${LM_STAGE_LIGHT})
    add_library(lmpipe_run_${stage} STATIC ${sources})
    target_link_libraries(lmpipe_run_${stage}
      PRIVATE lmpipe_tokenizer lmpipe_text lmpipe_data lmpipe_task lmpipe_compare lmpipe_page lmpipe_stats lmpipe_model lmpipe_base ${LM_STAGE_LIBRARIES})
    lm_warnings(lmpipe_run_${stage})
    target_link_libraries(lmpipe_work INTERFACE lmpipe_run_${stage})
  endforeach()
  set(head "/* Generated from LM_STAGES in CMakeLists.txt. */\n#include <stddef.h>\n\n#include <lmpipe/stage.h>\n\n")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/stage_table.c @ONLY CONTENT
    "${head}${externs}\nconst struct lm_stage *const lm_stage_table[] = {\n${rows}    NULL,\n};\n")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/run_table.c @ONLY CONTENT
    "${head}${run_externs}\nconst struct lm_stage_run lm_run_table[] = {\n${run_rows}    {NULL, NULL},\n};\n")
  target_sources(lmpipe_stages PRIVATE ${CMAKE_BINARY_DIR}/stage_table.c)
  # Only the worker takes run_table.c (worker/CMakeLists.txt).
endfunction()
