# What every target of l3sync is compiled with, and the two ways to declare one.

set(L3SYNC_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined', 'thread' or 'memory'")
option(L3SYNC_FUZZER "Build tests/fuzz for a fuzzer: clang++'s own, or that of afl-clang-fast++" OFF)

add_library(l3sync_options INTERFACE)
target_include_directories(l3sync_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
# Third-party headers come in as system headers, so that -Werror is about our own code only.
target_compile_options(l3sync_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wimplicit-fallthrough -Werror
  # g++ 12 takes the unused inline storage of absl::InlinedVector for an uninitialised read.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  -D_GLIBCXX_ASSERTIONS -fstack-protector-strong -fstack-clash-protection -fcf-protection)
target_link_options(l3sync_options INTERFACE -Wl,-z,relro -Wl,-z,now)
if(L3SYNC_SANITIZE)
  target_compile_options(l3sync_options INTERFACE
    -fsanitize=${L3SYNC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:Clang>:-fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/fuzz/sanitizer-ignorelist.txt>)
  target_link_options(l3sync_options INTERFACE -fsanitize=${L3SYNC_SANITIZE})
else()
  # _FORTIFY_SOURCE needs optimisation, and sanitizers bring their own checks of the same calls.
  target_compile_options(l3sync_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

if(L3SYNC_FUZZER)
  target_compile_options(l3sync_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# l3sync_library(NAME SOURCES ... DEPENDS ...): the folder NAME as a static library l3sync_NAME.
function(l3sync_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(l3sync_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(l3sync_${name} PUBLIC ${ARG_DEPENDS} PRIVATE l3sync_options)
  target_include_directories(l3sync_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
endfunction()

# l3sync_program(NAME SOURCES ... DEPENDS ...): an installed program.
function(l3sync_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} l3sync_options)
  target_compile_definitions(${name} PRIVATE L3SYNC_VERSION="${PROJECT_VERSION}")
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
endfunction()

# l3sync_test(NAME SOURCES ... DEPENDS ...): a GoogleTest program, each test a test of ctest.
function(l3sync_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock GTest::gtest_main l3sync_options)
  gtest_discover_tests(${name} PROPERTIES TIMEOUT 120)
endfunction()
