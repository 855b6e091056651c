# One door a library: these targets are linked privately by the floor that holds the door.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(lm_pkg name module)
  pkg_check_modules(LM_${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(LM::${name} ALIAS PkgConfig::LM_${name})
  set_property(GLOBAL PROPERTY LM_MODULE_${name} ${module}) # for lmpipe-model.pc
endfunction()

# A library that a program with the property LM_LIGHT takes from its archive, where there is one: libcrypto's
# 24,000 relocations alone are half of the start of `lmpipe`, which calls three of its functions.
function(lm_pkg_light name module)
  pkg_check_modules(LM_${name} REQUIRED IMPORTED_TARGET ${module})
  list(GET LM_${name}_LIBRARIES 0 library)
  find_library(LM_ARCHIVE_${name} NAMES lib${library}.a HINTS ${LM_${name}_LIBRARY_DIRS})
  mark_as_advanced(LM_ARCHIVE_${name})
  add_library(lm_light_${name} INTERFACE)
  add_library(LM::${name} ALIAS lm_light_${name})
  target_include_directories(lm_light_${name} SYSTEM INTERFACE ${LM_${name}_INCLUDE_DIRS})
  target_link_libraries(lm_light_${name} INTERFACE PkgConfig::LM_${name})
  if(LM_ARCHIVE_${name})
    set_property(TARGET lm_light_${name} PROPERTY INTERFACE_LINK_LIBRARIES
      $<IF:$<BOOL:$<TARGET_PROPERTY:LM_LIGHT>>,${LM_ARCHIVE_${name}},PkgConfig::LM_${name}>)
  endif()
  set_property(GLOBAL PROPERTY LM_MODULE_${name} ${module})
endfunction()

lm_pkg_light(crypto libcrypto)
lm_pkg_light(jansson jansson)
lm_pkg_light(xxhash libxxhash)
lm_pkg_light(yaml yaml-0.1)
lm_pkg(lmdb lmdb)
lm_pkg(zstd libzstd)
lm_pkg(curl libcurl)
lm_pkg(archive libarchive)
lm_pkg(zlib zlib)
lm_pkg(pcre2 libpcre2-8)
lm_pkg(utf8proc libutf8proc)
lm_pkg(xml2 libxml-2.0)
lm_pkg(openblas openblas)
