# The language, the warning set and the flags every target shares. Targets get them by linking bldr_flags
# (all C of ours), bldr_flags_src (src/ only) or bldr_flags_tests (tests/ only).
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # gnu17: strict c17 turns on trigraphs and hides POSIX
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_DEPENDS_USE_COMPILER ON)

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
endif()

# Our ASSERT stays on in every build, and so does everybody else's.
foreach(type RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REGEX REPLACE "[-/]DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()
set(CMAKE_C_FLAGS_DEBUG "-Og -g3")

if(BLDR_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
	find_program(CCACHE_PROGRAM ccache)
	mark_as_advanced(CCACHE_PROGRAM)
	if(CCACHE_PROGRAM)
		set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
	endif()
endif()

add_library(bldr_flags INTERFACE)
target_include_directories(bldr_flags INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
# _GNU_SOURCE is set here because banned.h includes system headers before any source file could set it.
target_compile_definitions(bldr_flags INTERFACE _GNU_SOURCE= BLDR_VERSION="${PROJECT_VERSION}")
set(warnings
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
	-Wvla -Wundef -Wwrite-strings -Wpointer-arith -Wcast-qual -Wformat=2 -Wdouble-promotion
	-Wimplicit-fallthrough -Wnull-dereference -Wno-missing-field-initializers)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND warnings -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
	list(APPEND warnings -Wunreachable-code -Wassign-enum -Wcomma -Wthread-safety)
endif()
if(BLDR_WERROR)
	list(APPEND warnings -Werror)
endif()
set(common
	-ffp-contract=off # a sum is the same number on every machine
	"-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.")
target_compile_options(bldr_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:${common};${warnings}>")
target_link_options(bldr_flags INTERFACE "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=." -Wl,--as-needed)

add_library(bldr_flags_src INTERFACE)
target_link_libraries(bldr_flags_src INTERFACE bldr_flags)
target_compile_options(bldr_flags_src INTERFACE
	"$<$<COMPILE_LANGUAGE:C>:-Wconversion;-Wswitch-enum>"
	"$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${PROJECT_SOURCE_DIR}/src/base/banned.h>")

add_library(bldr_flags_tests INTERFACE)
target_link_libraries(bldr_flags_tests INTERFACE bldr_flags)

if(BLDR_SANITIZE)
	add_compile_options(-fsanitize=${BLDR_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=${BLDR_SANITIZE})
endif()

if(BLDR_HARDEN)
	add_compile_options("$<$<COMPILE_LANGUAGE:C>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2;-fstack-protector-strong;-fstack-clash-protection;-ftrivial-auto-var-init=zero>")
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64|AMD64")
		add_compile_options("$<$<COMPILE_LANGUAGE:C>:-fcf-protection>")
	endif()
	add_link_options(-Wl,-z,relro,-z,now)
	include(CheckPIESupported)
	check_pie_supported(LANGUAGES C)
endif()

# Fat objects: the installed libbldr.a must link without LTO too.
if(BLDR_LTO)
	if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
		add_compile_options("$<$<COMPILE_LANGUAGE:C>:-flto=auto;-ffat-lto-objects>")
		add_link_options(-flto=auto)
	else()
		set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
	endif()
endif()
