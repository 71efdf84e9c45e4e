# bldr_test(NAME test_x SOURCES file... MODULES module... [LIBS target...] [LABELS label...] [TIMEOUT seconds])
#
# A cmocka program that prints TAP. It links the modules named (and what they need); the label is `quick` unless
# another is given. BLDR_ROOT names the source tree for tests that read files of it.
set(BLDR_TEST_ENVIRONMENT
	"CMOCKA_MESSAGE_OUTPUT=TAP"
	"ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:detect_leaks=1"
	"UBSAN_OPTIONS=print_stacktrace=1"
	"BLDR_ROOT=${PROJECT_SOURCE_DIR}"
	"BLDR_BUILD=${PROJECT_BINARY_DIR}")

function(bldr_test)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;MODULES;LIBS;LABELS")
	if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME OR NOT arg_SOURCES)
		message(FATAL_ERROR "bldr_test: NAME or SOURCES missing, or unknown arguments '${arg_UNPARSED_ARGUMENTS}'")
	endif()
	if(NOT arg_LABELS)
		set(arg_LABELS quick)
	endif()
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 120)
	endif()
	list(TRANSFORM arg_MODULES PREPEND "bldr::")
	add_executable(${arg_NAME} ${arg_SOURCES})
	target_include_directories(${arg_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
	target_link_libraries(${arg_NAME} PRIVATE bldr_flags_tests ${arg_MODULES} ${arg_LIBS} PkgConfig::CMOCKA)
	add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
	set_tests_properties(${arg_NAME} PROPERTIES
		LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${BLDR_TEST_ENVIRONMENT}")
endfunction()
