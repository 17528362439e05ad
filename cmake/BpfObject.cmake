# BpfObject.cmake - a BPF object and its skeleton as one CMake target.
#
#   bpf_object(NAME SOURCES a.bpf.c b.bpf.c... HEADERS x.h...)
#
# Compiles each source with clang -target bpf, links them with
# `bpftool gen object` and writes NAME.skel.h with `bpftool gen skeleton`.
# Afterwards NAME_skeleton is an INTERFACE target with the include directory.
find_program(PORTWATCH_CLANG clang REQUIRED)
find_program(PORTWATCH_BPFTOOL bpftool REQUIRED PATHS /usr/sbin /sbin)

# clang -target bpf does not know Debian's multiarch include directory.
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-multiarch
                OUTPUT_VARIABLE PORTWATCH_MULTIARCH
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(PORTWATCH_BPF_ARCH x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(PORTWATCH_BPF_ARCH arm64)
else()
  message(FATAL_ERROR "portwatch: no BPF target for ${CMAKE_SYSTEM_PROCESSOR}")
endif()

function(bpf_object name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS" ${ARGN})
  set(objects)
  # A source may be in several objects.
  file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(werror)
  if(PORTWATCH_WERROR)
    set(werror -Werror)
  endif()
  foreach(source ${ARG_SOURCES})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}/${source}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${PORTWATCH_CLANG} -target bpf -mcpu=v3 -g -O2 -std=gnu11
              -Wall -Wextra -Wno-unused-parameter ${werror} -D__TARGET_ARCH_${PORTWATCH_BPF_ARCH}
              -I${PROJECT_SOURCE_DIR} -isystem /usr/include/${PORTWATCH_MULTIARCH}
              -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source} ${ARG_HEADERS}
      COMMENT "BPF ${source}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(linked ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
  set(skeleton ${CMAKE_CURRENT_BINARY_DIR}/${name}.skel.h)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND ${PORTWATCH_BPFTOOL} gen object ${linked} ${objects}
    COMMAND sh -c "\"$1\" gen skeleton \"$2\" name ${name} > \"$3\"" --
            ${PORTWATCH_BPFTOOL} ${linked} ${skeleton}
    DEPENDS ${objects}
    COMMENT "BPF skeleton ${name}.skel.h" VERBATIM)
  add_custom_target(${name}_generate DEPENDS ${skeleton})
  add_library(${name}_skeleton INTERFACE)
  add_dependencies(${name}_skeleton ${name}_generate)
  target_include_directories(${name}_skeleton SYSTEM INTERFACE
                             ${CMAKE_CURRENT_BINARY_DIR})
endfunction()
