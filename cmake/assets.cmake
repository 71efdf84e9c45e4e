# bldr_assets(<variable>): sources that carry every file of the asset folders inside the binary (src/base/asset.h).
#
# assets.S takes each file whole by .incbin, with a NUL behind it, and holds the sorted table of them: the assembler
# knows the sizes, so a changed file needs no CMake run (OBJECT_DEPENDS assembles again). asset_table.c reads the
# table. CONFIGURE_DEPENDS runs CMake when a file appears or goes. Call it in the directory that builds the sources.
set(BLDR_ASSET_FOLDERS schemas config templates sql prompts python/bldr_ingest)

function(bldr_assets out)
	set(dir "${PROJECT_BINARY_DIR}/generated")
	set(files "")
	foreach(folder IN LISTS BLDR_ASSET_FOLDERS)
		file(GLOB_RECURSE found CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/${folder}/*")
		list(APPEND files ${found})
	endforeach()
	list(FILTER files EXCLUDE REGEX "(^|/)\\.|~$|/__pycache__/")
	list(SORT files COMPARE STRING)

	set(contents "")
	set(rows "")
	set(paths "")
	set(n 0)
	foreach(file IN LISTS files)
		set(path "${PROJECT_SOURCE_DIR}/${file}")
		list(APPEND paths "${path}")
		string(APPEND contents
			"\t.balign 16\n.Ldata${n}:\n\t.incbin \"${path}\"\n.Lend${n}:\n\t.byte 0\n"
			".Lname${n}:\n\t.asciz \"${file}\"\n")
		string(APPEND rows "\t.8byte .Lname${n}, .Ldata${n}, .Lend${n} - .Ldata${n}\n")
		math(EXPR n "${n} + 1")
	endforeach()

	set(ASSET_CONTENTS "${contents}")
	set(ASSET_ROWS "${rows}")
	set(ASSET_COUNT ${n})
	configure_file("${PROJECT_SOURCE_DIR}/cmake/assets.S.in" "${dir}/assets.S" @ONLY)
	configure_file("${PROJECT_SOURCE_DIR}/cmake/asset_table.c.in" "${dir}/asset_table.c" @ONLY)
	set_source_files_properties("${dir}/assets.S" PROPERTIES OBJECT_DEPENDS "${paths}" COMPILE_OPTIONS "-g0")
	set(${out} "${dir}/assets.S" "${dir}/asset_table.c" PARENT_SCOPE)
endfunction()
