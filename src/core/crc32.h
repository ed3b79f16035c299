/* CRC-32 (IEEE 802.3, reflected, as zlib and GitHub's token format use it). A typing check, not a
 * secret. */
#ifndef CORE_CRC32_H
#define CORE_CRC32_H

#include <stdint.h>

#include "core/str.h"

uint32_t crc32_of(struct str s);

#endif
