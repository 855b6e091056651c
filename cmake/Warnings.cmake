# Warnings, hardening and the rules of determinism, for every target of ours.
function(lm_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wconversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -ffp-contract=off
    $<$<BOOL:${LM_WERROR}>:-Werror>
    $<$<CONFIG:Release>:-fstack-protector-strong -fstack-clash-protection>)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE LM_VERSION="${PROJECT_VERSION}"
    $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endfunction()

# The presets dev and clang set it OFF: sanitized programs start a quarter faster, and a test starts hundreds.
if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
include(CheckPIESupported)
check_pie_supported()
# Only what a program really uses is loaded: the light program must not carry OpenBLAS or curl.
add_link_options(-Wl,--as-needed $<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)
