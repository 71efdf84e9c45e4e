/*
 * The two halves of the profile benchmark that are not Python: the data and the work.
 *
 *	profile_bench make FILE MEGABYTES ROWS    writes the CSV, until one of the two is reached (0: no limit)
 *	profile_bench run FOLDER                  profiles the one CSV file of FOLDER as `bldr profile` does, up to
 *	                                          the relations between tables, and prints a line of JSON
 *
 * The data are the same bytes everywhere: a counter through splitmix64, no clock, no libc randomness.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/calendar.h"
#include "ingest/ingest.h"

/* ---- the data ---- */

static uint64_t counter;

static uint64_t next(void)
{
	uint64_t z = counter += UINT64_C(0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static uint64_t below(uint64_t n)
{
	return next() % n;
}

/* Small numbers are far more frequent than large ones. */
static uint64_t skewed(uint64_t n)
{
	uint64_t a = below(n);
	uint64_t b = below(a + 1);
	return below(b + 1);
}

static void put_date(FILE *f, int64_t days)
{
	struct ymd d = calendar_ymd((int32_t)days);
	fprintf(f, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void put_time(FILE *f, int64_t seconds)
{
	put_date(f, seconds / 86400);
	int second = (int)(seconds % 86400);
	fprintf(f, "T%02d:%02d:%02d", second / 3600, second / 60 % 60, second % 60);
}

static void put_note(FILE *f)
{
	static const char *const words[] = {
		"please", "leave",   "parcel", "behind",  "garden",  "fence", "call",   "before",
		"noon",   "fragile", "gift",   "wrapped", "invoice", "to",    "office", "second",
		"floor",  "ring",    "twice",  "thanks",  "urgent",  "no",    "rush",   "neighbour",
	};
	for (uint64_t i = 0, n = 3 + below(5); i < n; i++) {
		fprintf(f, "%s%s", i > 0 ? " " : "", words[below(sizeof(words) / sizeof(*words))]);
	}
}

static void put_row(FILE *f, uint64_t row)
{
	static const char *const statuses[] = { "delivered", "shipped",  "placed",
						"returned",  "refunded", "cancelled" };
	static const char *const cities[] = {
		"Berlin",
		"Lyon",
		"Porto",
		"Saint-\xC3\x89tienne",
		"\"Washington, DC\"",
		"Graz",
		"\"York\"",
		"Gda\xC5\x84sk",
		"Oslo",
		"Wien",
		"Turku",
		"M\xC3\xBCnchen",
	};
	const int64_t start = INT64_C(1577836800); /* 2020-01-01 */
	uint64_t customer = skewed(200000);
	uint64_t quantity = 1 + skewed(20);
	uint64_t price = 99 + below(100000);
	fprintf(f, "%" PRIu64 ",%" PRIu64 ",%016" PRIx64 ",", row + 1, customer + 1, next());
	fprintf(f, "%c%c,%s,SKU-%05" PRIu64 ",", (char)('A' + skewed(6)), (char)('K' + skewed(6)),
		statuses[skewed(6)], skewed(20000));
	fprintf(f, "%" PRIu64 ",%" PRIu64 ".%02" PRIu64 ",%" PRIu64 ".%02" PRIu64 ",", quantity,
		price / 100, price % 100, price * quantity / 100, price * quantity % 100);
	if (below(5) == 0) {
		fprintf(f, "0.%02" PRIu64, 5 * (1 + below(10)));
	}
	fputc(',', f);
	int64_t created = start + (int64_t)row * 7 + (int64_t)below(7);
	put_date(f, created / 86400 - (int64_t)below(3));
	fputc(',', f);
	put_time(f, created);
	fputc(',', f);
	if (below(10) < 7) {
		put_time(f, created + (int64_t)below(2592000));
	}
	fprintf(f, ",%s,", cities[skewed(sizeof(cities) / sizeof(*cities))]);
	if (below(5) != 0) {
		put_note(f);
	}
	fprintf(f, ",0.%06" PRIu64 "\n", below(1000000));
}

static int make(const char *path, uint64_t megabytes, uint64_t rows)
{
	FILE *f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		return 1;
	}
	fputs("order_id,customer_id,session,country,status,sku,quantity,unit_price,amount,discount,"
	      "order_date,created_at,updated_at,city,note,score\n",
	      f);
	for (uint64_t row = 0; rows == 0 || row < rows; row++) {
		if (megabytes != 0 && (uint64_t)ftell(f) >= megabytes * 1000000) {
			break;
		}
		put_row(f, row);
	}
	return fclose(f) == 0 ? 0 : 1;
}

/* ---- the work ---- */

static double wall_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* The most this program ever had resident; unlike ru_maxrss without what its parent had. */
static long peak_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0) {
			kib = strtol(line + 6, NULL, 10);
		}
	}
	if (f != NULL) {
		fclose(f);
	}
	return kib;
}

static int run(const char *folder)
{
	struct arena a = { 0 };
	struct bldr_error err;
	struct sources sources;
	struct table_profile t;
	double wall[3];
	double cpu[3];

	wall[0] = wall_s();
	cpu[0] = cpu_s();
	int rc = ingest_discover(folder, &a, &sources, &err);
	wall[1] = wall_s();
	cpu[1] = cpu_s();
	if (rc == 0) {
		rc = ingest_profile_table(folder, &sources.files.at[0], NULL, &a, &t, &err);
	}
	wall[2] = wall_s();
	cpu[2] = cpu_s();
	if (rc != 0) {
		fprintf(stderr, "%s: %s\n", bldr_error_name(rc), err.text);
		arena_release(&a);
		return 1;
	}
	int64_t estimated = 0;
	for (size_t i = 0; i < t.columns.n; i++) {
		estimated += t.columns.at[i].distinct_estimated ? 1 : 0;
	}
	printf("{\"bytes\": %" PRId64 ", \"rows\": %" PRId64 ", \"columns\": %zu, "
	       "\"estimated_columns\": %" PRId64
	       ", \"discover_cpu_s\": %.3f, \"discover_wall_s\": %.3f, "
	       "\"cpu_s\": %.3f, \"wall_s\": %.3f, \"peak_rss_kib\": %ld}\n",
	       sources.files.at[0].bytes, t.rows, t.columns.n, estimated, cpu[1] - cpu[0],
	       wall[1] - wall[0], cpu[2] - cpu[1], wall[2] - wall[1], peak_kib());
	arena_release(&a);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "make") == 0) {
		return make(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	}
	if (argc == 3 && strcmp(argv[1], "run") == 0) {
		return run(argv[2]);
	}
	fputs("usage: profile_bench make FILE MEGABYTES ROWS | run FOLDER\n", stderr);
	return 2;
}
