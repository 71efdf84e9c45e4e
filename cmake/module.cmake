# bldr_module(NAME name SOURCES file... DEPS module... LIBS target...)
#
# One folder of src/ as a static library bldr_<name> (alias bldr::<name>). DEPS are modules by their plain
# names, LIBS are imported targets such as PkgConfig::SQLITE. A module without sources is an interface library.
# Paths in #include start at src/ ("base/list.h") or at include/ (<bldr/value.h>).
function(bldr_module)
	cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "SOURCES;DEPS;LIBS")
	if(arg_UNPARSED_ARGUMENTS OR NOT arg_NAME)
		message(FATAL_ERROR "bldr_module: NAME missing or unknown arguments '${arg_UNPARSED_ARGUMENTS}'")
	endif()
	set(target bldr_${arg_NAME})
	list(TRANSFORM arg_DEPS PREPEND "bldr::")
	if(arg_SOURCES)
		add_library(${target} STATIC ${arg_SOURCES})
		target_link_libraries(${target} PRIVATE bldr_flags_src PUBLIC ${arg_DEPS} ${arg_LIBS})
		target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
	else()
		add_library(${target} INTERFACE)
		target_link_libraries(${target} INTERFACE ${arg_DEPS} ${arg_LIBS})
		target_include_directories(${target} INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
	endif()
	add_library(bldr::${arg_NAME} ALIAS ${target})
endfunction()
