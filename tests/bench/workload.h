/*
 * EIP number n of the benchmarks: 10.0.0.0 and n, and the custom PTR that a run gives it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKLOAD_TEXT_MAX 64
#define WORKLOAD_TTL 600

struct workload_ptr {
	char address[16];
	char name[WORKLOAD_TEXT_MAX]; /* of the run and the EIP, canonical */
};

struct workload_ptr workload_ptr(const char *run, unsigned n);

/*
 * Asks for the EIP on a socket of query_open(), again if no answer comes. Returns false after saying
 * what is wrong if the answer is not the PTR of that run.
 */
bool workload_served(int fd, const char *run, unsigned n);
