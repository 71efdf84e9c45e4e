/*
 * UUIDv7 by RFC 9562, method 1: the 12 bits after the version are a counter. A new millisecond
 * starts it at a random number below 2048; when it runs over, or the clock steps back, the id's time
 * goes on from the last one instead.
 */
#include "base/ids.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "base/crypto.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_ms;
static uint16_t counter;

static uint64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void next(uint64_t now_ms, uint16_t start, uint64_t *ret_ms, uint16_t *ret_counter)
{
	pthread_mutex_lock(&lock);
	if (now_ms > last_ms) {
		last_ms = now_ms;
		counter = start;
	} else if (++counter > 0xFFF) {
		last_ms++;
		counter = start;
	}
	*ret_ms = last_ms;
	*ret_counter = counter;
	pthread_mutex_unlock(&lock);
}

void uuid7(char ret[UUID_TEXT_MAX])
{
	unsigned char r[10];
	uint64_t ms;
	uint16_t count;
	crypto_random(r, sizeof(r));
	next(clock_ms(), (uint16_t)((r[8] << 8 | r[9]) & 0x7FF), &ms, &count);
	snprintf(ret, UUID_TEXT_MAX, "%08x-%04x-7%03x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 (unsigned)(ms >> 16 & UINT32_MAX), (unsigned)(ms & 0xFFFF), count & 0xFFFU,
		 (r[0] & 0x3FU) | 0x80U, r[1], r[2], r[3], r[4], r[5], r[6], r[7]);
}
