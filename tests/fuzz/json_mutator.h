/*
 * A mutator for targets that read JSON: half of the time a line of the input that parses is changed as a tree
 * (an item dropped, doubled, moved, replaced by another or by a value at a limit), so that the text stays
 * JSON and gets past the parser; else libFuzzer changes bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's hook; a target that wants it hands its arguments to json_mutate. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t json_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);
