/*
 * Functions that nobody calls here, after git's banned.h. The build includes this file in front of every C file
 * of src/ (-include), so nobody can forget it. A use fails to compile with the name of the function in the
 * message; the replacement stands beside each.
 *
 * The system headers come first: a macro must not meet the declaration of the function it hides.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BANNED(function) sorry_##function##_is_a_banned_function

/* copy with a known length: memcpy, or a growing buffer of base */
#undef strcpy
#define strcpy(dst, src) BANNED(strcpy)
#undef strcat
#define strcat(dst, src) BANNED(strcat)
#undef strncpy
#define strncpy(dst, src, n) BANNED(strncpy)
#undef gets
#define gets(buf) BANNED(gets)

/* snprintf, vsnprintf */
#undef sprintf
#define sprintf(...) BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf)

/* hidden state: strtok_r, or walk the string */
#undef strtok
#define strtok(str, delim) BANNED(strtok)

/* no error is reported: strtoll, strtod with the end pointer looked at */
#undef atoi
#define atoi(str) BANNED(atoi)
#undef atol
#define atol(str) BANNED(atol)
#undef atoll
#define atoll(str) BANNED(atoll)
#undef atof
#define atof(str) BANNED(atof)

/* hidden state: localtime_r, gmtime_r, strftime */
#undef localtime
#define localtime(t) BANNED(localtime)
#undef gmtime
#define gmtime(t) BANNED(gmtime)
#undef ctime
#define ctime(t) BANNED(ctime)
#undef ctime_r
#define ctime_r(t, buf) BANNED(ctime_r)
#undef asctime
#define asctime(tm) BANNED(asctime)
#undef asctime_r
#define asctime_r(tm, buf) BANNED(asctime_r)

/* libsodium's randombytes */
#undef rand
#define rand(...) BANNED(rand)
#undef srand
#define srand(seed) BANNED(srand)

/* processes are effects: the host spawns them without a shell */
#undef system
#define system(command) BANNED(system)

/* races between name and file: mkstemp */
#undef mktemp
#define mktemp(template) BANNED(mktemp)
#undef tmpnam
#define tmpnam(buf) BANNED(tmpnam)
