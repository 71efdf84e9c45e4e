/*
 * The texts of all checks in one table, so that no finding can claim more than its check does. They go into
 * findings.json word for word, and docs/checks.md is written from them.
 */
#include "checks/check_texts.h"

#include <string.h>

#include "base/check.h"

#define FROM_CONTRACT                                                                   \
	"contract: the Tester's own reading of the raw files by the design's origins; " \
	"no STTM, no pipeline"
#define SHARED "a misunderstanding that design and contract share"
#define ERROR "error"

static const struct check_text texts_of_checks[] = {
	{ "S1", "Each file reads as sources declares it",
	  "info, for what a reader of the file should know; a file that does not is an error of the run",
	  "the Tester's own reader, which holds compression, encoding, byte order mark, preamble, header and "
	  "columns to the bytes of the file",
	  "file and declaration agree", "that another declaration would not agree as well" },
	{ "S2", "Per source column, null tokens and blanks around values", "info",
	  "the Tester's own null tokens and blanks, over all records of the file",
	  "the column holds no word for null and no padded value",
	  "that a word is rightly taken for null (it is listed)" },
	{ "Q1", "Few records of a file are set aside",
	  "error above 5 % and one record, or when no record of the file is a row",
	  "the Tester's own reader and its own choice of the records that no table can take; duplicates, "
	  "totals and blank ones aside",
	  "the star shows nearly all of the file", "anything of the values that it shows" },
	{ "V1", "Nothing passes for want of rows",
	  "error when files with an event or a measure give no fact, or a fact stays empty though its file "
	  "has records; warning when there is nothing at all to check, or a file with records is left unused",
	  "the design, and the Tester's own view of the files",
	  "the other checks had rows to look at", "that these are the right facts" },
	{ "R1", "Records per file = loaded + set aside",
	  "error; warning when all numbers agree and some records cannot be read, are totals or blank",
	  "contract: records that the Tester's own reader finds in the file",
	  "every record of the file was loaded or, told by a warning, set aside with a reason",
	  "that the values of the loaded ones are right" },
	{ "R2", "Every difference between layers is explained, per source and per target",
	  "error; warning when good records lack a key or repeat one, or are duplicates that were removed, and "
	  "all is explained",
	  "the Tester's own reader and its own choice of the records that a target cannot take, against "
	  "bldr_layer, bldr_quarantine and the deployment",
	  "every record is either in the star or set aside for a fault that the Tester sees too",
	  "that the values of the loaded ones are right (R4, X2)" },
	{ "R3", "Rows = distinct grain keys", ERROR, FROM_CONTRACT,
	  "one row per distinct grain key of the source, none lost, none doubled", SHARED },
	{ "R4",
	  "Totals per measure, and by month of each date key and by the 10 members of most rows of each "
	  "other key",
	  ERROR, FROM_CONTRACT,
	  "count, exact sum, smallest and largest value, and each row's value, are those of the raw files; in "
	  "parts, that they stand at the right date and member too",
	  "parts of members with fewer rows (K3 has every row); " SHARED },
	{ "R5", "Joining all dimensions neither fans out nor loses rows", ERROR,
	  "SQLite itself: the table alone against its join through the foreign keys that the warehouse "
	  "declares",
	  "a query may join all dimensions and count each row once",
	  "that a row is joined to the right member (K3)" },
	{ "K1", "Keys of dimensions are unique and not null", ERROR,
	  "the definition of a key, and the reserved members that docs/warehouse.md names",
	  "a key names at most one member", "that it names the right one (K3, K4)" },
	{ "K2", "The grain of facts is unique and not null", ERROR,
	  "the grain that the design states", "no two rows share a grain key and none lacks one",
	  "that no row is missing (R3)" },
	{ "K3", "No foreign key is an orphan or null, and each leads to the right member", ERROR,
	  FROM_CONTRACT,
	  "every row leads to the member that the raw files name, and rows without one to the unknown "
	  "members",
	  SHARED },
	{ "K4", "Surrogate keys recomputed, no collision, reserved members once", ERROR,
	  "surrogate keys recomputed from the raw business keys by the rule of the design; the reserved "
	  "members are those of the STTM and of docs/warehouse.md",
	  "the same business key has the same surrogate key on every platform and in every load, and no two "
	  "share one",
	  "that the business key is the right one (X2)" },
	{ "K5", "Rows at the unknown members = keys without a match in the files",
	  "error; warning when the numbers agree and a key without a match is none that K6 tells; info for null "
	  "dates and the like, which are no defect",
	  FROM_CONTRACT,
	  "as many rows stand at the unknown members as the files have keys without a match",
	  "that they are the right rows (K3); a key that matches by chance" },
	{ "K6", "Each foreign key of the files leads to a record",
	  "warning, one for each foreign key that the design uses, however many columns are read over it; error when "
	  "it is of one column, most records lead nowhere, and more than half of the distinct keys too or the keys "
	  "are codes of another file: then it is none; info for null keys, which are no defect",
	  "the Tester's own join of the raw files, over all good records",
	  "every key that is written in the files leads to a record that counts",
	  "that it is the right record; keys that the design does not use" },
	{ "D1", "The calendar covers every day in use, has no gap, whole years, and right parts",
	  ERROR,
	  "the proleptic Gregorian calendar and ISO 8601, computed from the date in each row; the days in use "
	  "are those of the warehouse's own references",
	  "no day in use is missing, no day between the first and the last either, and each day's parts are "
	  "right",
	  "that a row uses the right day (K3, X2); names of days and months; the parts of a calendar adopted "
	  "from a file (X2)" },
	{ "N1", "Nothing became null unexplained, nothing null became a value",
	  "error, also when more than 2 % of a column's values are none of its type; warning, one for each column "
	  "of a file, when it holds few such texts",
	  "the Tester's own null tokens and its own typing of the raw texts, row for row, and against "
	  "bldr_refused_cell; no STTM",
	  "no value was lost on the way and none invented",
	  "a word that the Tester wrongly takes for null; rows that are missing (R3)" },
	{ "T1", "Types as contracted, nothing truncated",
	  "error; warning, one for each column of a file, when it holds instants finer than microseconds",
	  "the types of the design and docs/warehouse.md; for what the files write, the Tester's own reader",
	  "every stored value is of its column's type and range, and the type holds all digits that the files "
	  "write",
	  "that the value is the right one (R4, X2); times of day behind a date key, but for such instants" },
	{ "X2", "Distinct values per attribute, and rows per month of dates", ERROR, FROM_CONTRACT,
	  "the column holds the distinct values, nulls and dates per month of the raw files, each in its "
	  "row",
	  SHARED },
	{ "O1", "Members that nothing refers to are listed", "info",
	  "the references of the warehouse, followed from all tables",
	  "which members no row refers to", "anything of right or wrong" },
	{ "I1", "Loading again with a new key changes no row", ERROR,
	  "the same load done again into a copy of the warehouse", "loading again changes no row",
	  "right values: it compares the pipeline with itself, so it rests on the STTM" },
	{ "L1", "Every row traces to file and line", ERROR,
	  "file and line of each row, looked up in the raw files by the Tester's own reader",
	  "every row can be traced to the record that it came from, which holds its key",
	  "its other columns (R4, K3, X2)" },
	{ "W1", "The star in the workspace is the one that was loaded here, cell by cell",
	  "error; only in a run whose star stands in a workspace",
	  "the warehouse that was loaded here from the same files by the same STTM: all rows, or hashes of buckets "
	  "of rows and the rows of those that differ",
	  "every row and value that the notebooks made is the one that the interpreter made",
	  "that the STTM is right: all other checks speak of that; a value that differs with the same 64-bit hash" },
	{ "J1", "Every task of the job ends well in the workspace",
	  "error; only in a run whose star stands in a workspace",
	  "the job's settings, and what the workspace tells of its run",
	  "the pipeline runs in the workspace", "that what it makes there is right (W1)" },
	{ "C1", "A design that was repaired leaves the files as they were",
	  "error; only in a run whose design was sent back and made again",
	  "the contract that was derived from the design before, kept beside the new one",
	  "records of the file, and the total of each column that is a measure in both designs, are the same in "
	  "both contracts",
	  "that the new design is the better one: all other checks speak of that" },
};

enum { TEXTS = sizeof(texts_of_checks) / sizeof(texts_of_checks[0]) };

const struct check_text *check_texts(size_t *ret_n)
{
	*ret_n = TEXTS;
	return texts_of_checks;
}

const struct check_text *check_text_of(const char *check)
{
	for (size_t i = 0; i < TEXTS; i++) {
		if (strcmp(texts_of_checks[i].check, check) == 0) {
			return &texts_of_checks[i];
		}
	}
	ASSERT(!"every check has its texts");
	return NULL;
}

const char *check_proves(const struct check_text *text, struct arena *a)
{
	return arena_printf(a, "%s. Beyond it: %s", text->proves, text->beyond);
}
