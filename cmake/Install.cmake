# The model core as a library for others: headers, static archives, lmpipe-model.pc. The .pc file
# finds itself, so the whole prefix may be moved. Our archives need the shared libraries, so these are
# plain requirements: --static would ask for what OpenBLAS was made with (gfortran). Archives and
# requirements are those that the targets are linked with.

# Archives by target, users before what they use; modules of pkg-config; other libraries.
function(lm_gather target)
  get_target_property(libraries ${target} LINK_LIBRARIES)
  foreach(library ${libraries})
    if(library IN_LIST LM_PC_ARCHIVES)
      continue()
    elseif(library MATCHES "^lmpipe_")
      lm_gather(${library})
    elseif(library MATCHES "^LM::(.*)")
      get_property(module GLOBAL PROPERTY LM_MODULE_${CMAKE_MATCH_1})
      list(APPEND LM_PC_MODULES ${module})
    elseif(library STREQUAL "Threads::Threads")
      list(APPEND LM_PC_LIBRARIES -lpthread)
    elseif(library MATCHES "^[a-z]+$")
      list(APPEND LM_PC_LIBRARIES -l${library})
    else()
      message(FATAL_ERROR "lmpipe-model.pc: what does ${library} of ${target} stand for?")
    endif()
  endforeach()
  list(PREPEND LM_PC_ARCHIVES ${target})
  foreach(list LM_PC_ARCHIVES LM_PC_MODULES LM_PC_LIBRARIES)
    list(REMOVE_DUPLICATES ${list})
    set(${list} "${${list}}" PARENT_SCOPE)
  endforeach()
endfunction()

set(LM_PC_ARCHIVES "")
set(LM_PC_MODULES "")
set(LM_PC_LIBRARIES "")
foreach(target lmpipe_tokenizer lmpipe_model)
  lm_gather(${target})
endforeach()
install(DIRECTORY include/lmpipe DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ${LM_PC_ARCHIVES} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})

list(TRANSFORM LM_PC_ARCHIVES PREPEND -l)
list(JOIN LM_PC_ARCHIVES " " LM_PC_ARCHIVES)
list(JOIN LM_PC_MODULES " " LM_PC_MODULES)
list(JOIN LM_PC_LIBRARIES " " LM_PC_LIBRARIES)
file(RELATIVE_PATH LM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" LM_PC_PREFIX "${LM_PC_PREFIX}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/lmpipe-model.pc @ONLY CONTENT
"prefix=\${pcfiledir}/@LM_PC_PREFIX@
includedir=\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
libdir=\${prefix}/@CMAKE_INSTALL_LIBDIR@

Name: lmpipe-model
Description: GPT language models and byte-level BPE in C17
Version: @PROJECT_VERSION@
Requires: @LM_PC_MODULES@
Cflags: -I\${includedir}
Libs: -L\${libdir} @LM_PC_ARCHIVES@ @LM_PC_LIBRARIES@
")
install(FILES ${CMAKE_BINARY_DIR}/lmpipe-model.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
