# libbldr, shared and static, from the objects of the engine modules; pkg-config file and install rules.
set(objects "")
set(libs PkgConfig::JANSSON PkgConfig::SODIUM PkgConfig::XXHASH PkgConfig::PCRE2 PkgConfig::SQLITE PkgConfig::UV Threads::Threads m)
foreach(module IN LISTS BLDR_ENGINE)
	get_target_property(type bldr_${module} TYPE)
	if(type STREQUAL "STATIC_LIBRARY")
		list(APPEND objects "$<TARGET_OBJECTS:bldr_${module}>")
	endif()
endforeach()

add_library(bldr_shared SHARED ${objects})
add_library(bldr_static STATIC ${objects})
foreach(target bldr_shared bldr_static)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME bldr LINKER_LANGUAGE C)
	target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>")
	target_link_libraries(${target} PRIVATE bldr_flags ${libs})
endforeach()
set_target_properties(bldr_shared PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0)

if(NOT BLDR_SANITIZE)
	target_link_options(bldr_shared PRIVATE -Wl,-z,defs)
endif()

configure_file("${PROJECT_SOURCE_DIR}/cmake/bldr.pc.in" "${PROJECT_BINARY_DIR}/bldr.pc" @ONLY)
install(TARGETS bldr_shared bldr_static)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/bldr" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
	FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/bldr.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
