/* Memory that runs out on demand: while the flag is up, the allocators that this folder's code uses
 * give nothing. They are replaced by the linker, see meson.build. */
#ifndef TEST_REVOCATION_SHORT_H
#define TEST_REVOCATION_SHORT_H

#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool memory_is_short;

#endif
