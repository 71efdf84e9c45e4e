/*
 * What python/bldr_ingest refuses to read, though bldr's own reader reads it: docs/ingest-library.md. Said of a file before
 * anybody runs its notebooks. tests/python/test_bldr_ingest_refused.py holds both to each other.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "warehouse/warehouse.h"

/* read.py, FILE_BYTES_MAX; of the file as it lies there. */
static const int64_t file_bytes_max = 64 << 20;

/* Names by which iconv knows the encodings that text.py reads, a blank before and behind each. */
static const char encodings[] =
	" "
	"437 500 850 852 855 857 858 860 861 862 863 864 865 866 869 ansi_x3.4-1968 "
	"ansi_x3.4-1986 arabic ascii asmo-708 cp-gr cp037 cp1125 cp1140 cp1250 cp1251 cp1252 "
	"cp1253 cp1254 cp1256 cp1257 cp367 cp437 cp500 cp737 cp775 cp819 cp850 cp852 cp855 "
	"cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp874 cp949 csascii "
	"csibm037 csibm500 csibm855 csibm857 csibm860 csibm863 csibm864 csibm865 csibm866 "
	"csibm869 csisolatin1 csisolatin2 csisolatin3 csisolatin4 csisolatin5 csisolatin6 "
	"csisolatinarabic csisolatincyrillic csisolatingreek csisolatinhebrew cskoi8r "
	"cspc775baltic cspc850multilingual cspc862latinhebrew cspc8codepage437 cspcp852 "
	"cyrillic ebcdic-cp-be ebcdic-cp-ca ebcdic-cp-ch ebcdic-cp-nl ebcdic-cp-us "
	"ebcdic-cp-wt ecma-114 ecma-118 elot_928 euc-cn euccn gb2312 greek greek8 hebrew "
	"hp-roman8 ibm037 ibm1140 ibm367 ibm437 ibm500 ibm775 ibm819 ibm850 ibm852 ibm855 "
	"ibm857 ibm858 ibm860 ibm861 ibm862 ibm863 ibm864 ibm865 ibm866 ibm869 iso-8859-1 "
	"iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 iso-8859-2 "
	"iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 iso-8859-8 iso-8859-9 "
	"iso-celtic iso-ir-100 iso-ir-101 iso-ir-109 iso-ir-110 iso-ir-126 iso-ir-127 "
	"iso-ir-138 iso-ir-144 iso-ir-148 iso-ir-157 iso-ir-166 iso-ir-199 iso-ir-226 "
	"iso-ir-6 iso646-us iso8859-1 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 "
	"iso8859-16 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 "
	"iso8859-9 iso_646.irv:1991 iso_8859-1 iso_8859-10 iso_8859-10:1992 iso_8859-14 "
	"iso_8859-14:1998 iso_8859-15 iso_8859-16 iso_8859-16:2001 iso_8859-1:1987 iso_8859-2 "
	"iso_8859-2:1987 iso_8859-3 iso_8859-3:1988 iso_8859-4 iso_8859-4:1988 iso_8859-5 "
	"iso_8859-5:1988 iso_8859-6 iso_8859-6:1987 iso_8859-7 iso_8859-7:1987 iso_8859-8 "
	"iso_8859-8:1988 iso_8859-9 iso_8859-9:1989 koi8-r koi8-t koi8-u l1 l10 l2 l3 l4 l5 "
	"l6 l7 l8 latin1 latin10 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 "
	"mac-cyrillic maccyrillic macintosh pt154 r8 rk1048 roman8 ruscii strk1048-2002 "
	"tis-620 tis620 uhc us us-ascii utf-16be utf-16le utf-8 windows-1250 windows-1251 "
	"windows-1252 windows-1253 windows-1254 windows-1256 windows-1257 ";

static bool is_read(const char *encoding, struct arena *a)
{
	return strstr(encodings, arena_printf(a, " %s ", encoding)) != NULL;
}

const char *emit_refusal(const struct source_file *f, struct arena *a)
{
	if (!is_read(f->encoding, a)) {
		return arena_printf(
			a,
			"its encoding, %s, is not one that the notebooks read: convert it to UTF-8",
			f->encoding);
	}
	if (f->bytes > file_bytes_max) {
		return arena_printf(
			a,
			"it has %" PRId64 " bytes, of which the notebooks read at most %" PRId64
			": %ssplit it",
			f->bytes, file_bytes_max,
			f->compression == COMPRESSION_NONE ? "pack it with gzip, or " : "");
	}
	if (f->path[0] == '_') {
		return "Spark passes over names that begin with _: rename it";
	}
	return NULL;
}
