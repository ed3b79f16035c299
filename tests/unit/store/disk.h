/* The disk of this program's stores, that is fdatasync: libsqlite3 finds ours before libc's. */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <stdbool.h>
#include <stddef.h>

void disk_fail(void); /* from now on: EIO */
size_t disk_syncs(void);

void disk_hold(void);
void disk_await(void); /* until a sync stands before it */
void disk_release(void);

#endif
