/* The commands the link sends, and the keys they name: scopemint:v1: is a public interface, see
 * link.h. Numbers are written in decimal, ids as text; a key id is handed over as it is, with its
 * length. */
#ifndef REVOCATION_LINK_COMMANDS_H
#define REVOCATION_LINK_COMMANDS_H

#include "revocation/wire.h"
#include "store/rows.h"

enum { LINK_FEED_LENGTH = 100000 }; /* entries the stream keeps, about */

/* What was asked, to know what may be answered. */
enum link_ask {
    ASK_AUTH,
    ASK_SELECT,
    ASK_NAME,
    ASK_FEED_ID,
    ASK_FEED_TOP,
    ASK_CLEAR,
    ASK_BEGIN,
    ASK_END,
    ASK_TOKEN,
    ASK_EPOCH, /* or a selector */
    ASK_FIELD_DROP,
    ASK_MEMORY,
    ASK_FEED_ADD,
    ASK_COUNT,
};

/* Of a server that may not know us yet. username may be empty, and with an empty password nothing
 * is sent. */
void link_send_hello(struct wire *wire, struct str username, struct str password,
                     unsigned database);

/* Asks for the feed's id and last entry: ASK_FEED_ID, then ASK_FEED_TOP. */
void link_send_check(struct wire *wire);

/* Everything of ours without a TTL goes, and the feed's id says that a fill has begun. */
void link_send_begin(struct wire *wire, const struct sid *feed_id);

/* The feed's id says that all is there. The answer is what it said before: link_text_filling(),
 * unless the server was flushed meanwhile; then nothing is set. */
void link_send_end(struct wire *wire, const struct sid *feed_id);

/* Asks what happens when Redis' memory is full: ASK_MEMORY. */
void link_send_memory(struct wire *wire);

/* What the keys say from now on; an end of a selector takes its field away. */
void link_send_entry(struct wire *wire, const struct store_entry *entry);
/* Takes a field away that ended: ASK_FIELD_DROP. */
void link_send_field_drop(struct wire *wire, struct str hash, struct str field);
void link_send_feed_add(struct wire *wire, const struct store_entry *entry,
                        const struct sid *feed_id);

enum { LINK_TEXT_FILLING = 8 + SID_TEXT };
void link_text_filling(const struct sid *feed_id, char *out);

/* Whether a reply has the type Redis answers that with. Errors never do. */
bool link_is_expected(enum link_ask ask, const redisReply *reply);

/* The number of the stream's last entry, from the answer to ASK_FEED_TOP; 0: the stream is empty;
 * UINT64_MAX: none of ours. */
uint64_t link_feed_top(const redisReply *reply);

/* Of the entry that an answer to ASK_FEED_ADD is about, likewise. */
uint64_t link_feed_added(const redisReply *reply);

/* From the answer to ASK_MEMORY: by which policy Redis evicts keys when it is full; ptr NULL: it
 * does not, or does not tell. */
struct str link_evicting_policy(const redisReply *reply);

#endif
