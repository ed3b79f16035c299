/* Where Redis is: "unix:/path", "redis://[[user]:password@]host[:port][/db]" or "" for none. */
#ifndef CONFIG_REDIS_URL_H
#define CONFIG_REDIS_URL_H

#include "config/config.h"
#include "config/report.h"
#include "core/str.h"

/* Fills the url's members of *out (kind to password), texts copied into the report's arena. Returns
 * NULL, or in constant words what is wrong and how to write it; never a piece of the text, which
 * may hold a password. */
const char *redis_url_parse(struct report *report, struct str url, struct config_redis *out);

/* Whether what is sent there stays on this machine (THREATS-77). */
bool redis_is_local(const struct config_redis *redis);

#endif
