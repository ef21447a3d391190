/*
 * Integers in network byte order at any alignment.
 */
#pragma once

#include <stdint.h>

static inline uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t load32(const uint8_t *p)
{
	return (uint32_t)load16(p) << 16 | load16(p + 2);
}

static inline void store16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static inline void store32(uint8_t *p, uint32_t value)
{
	store16(p, (uint16_t)(value >> 16));
	store16(p + 2, (uint16_t)value);
}
