# Compiler.cmake - one INTERFACE target that every target of ours links
# privately: language level, warnings, sanitizers.
#
#   portwatch_library(NAME SOURCES... )   a static library that follows it

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_library(portwatch_compiler INTERFACE)
target_compile_options(portwatch_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  # g++ 12 sees overlaps in std::string at -O3 that are not there (PR 105651).
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
  $<$<BOOL:${PORTWATCH_WERROR}>:-Werror>)
target_compile_definitions(portwatch_compiler INTERFACE
  PORTWATCH_VERSION="${PROJECT_VERSION}")
target_include_directories(portwatch_compiler INTERFACE ${PROJECT_SOURCE_DIR})
if(PORTWATCH_SANITIZE)
  # The vptr check opens a pipe to probe memory: out of descriptors, which is
  # what one of the tests is about, it reports objects that are sound.
  target_compile_options(portwatch_compiler INTERFACE
    -fsanitize=${PORTWATCH_SANITIZE} -fno-sanitize=vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(portwatch_compiler INTERFACE
    -fsanitize=${PORTWATCH_SANITIZE})
endif()

function(portwatch_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PRIVATE portwatch_compiler)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
