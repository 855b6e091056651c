# One door a library: these targets are linked privately by the floor that holds the door.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(lm_pkg name module)
  pkg_check_modules(LM_${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(LM::${name} ALIAS PkgConfig::LM_${name})
  set_property(GLOBAL PROPERTY LM_MODULE_${name} ${module}) # for lmpipe-model.pc
endfunction()

lm_pkg(crypto libcrypto)
lm_pkg(jansson jansson)
lm_pkg(xxhash libxxhash)
lm_pkg(yaml yaml-0.1)
lm_pkg(lmdb lmdb)
lm_pkg(zstd libzstd)
lm_pkg(curl libcurl)
lm_pkg(archive libarchive)
lm_pkg(zlib zlib)
lm_pkg(pcre2 libpcre2-8)
lm_pkg(utf8proc libutf8proc)
lm_pkg(xml2 libxml-2.0)
lm_pkg(openblas openblas)
