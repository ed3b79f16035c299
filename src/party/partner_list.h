/* The partners by number, as a persistent vector: versions share the pieces they have in common,
 * and a change copies one piece and the list of pieces. What no other version holds is changed in
 * place. One thread changes a version, before others see it. */
#ifndef PARTY_PARTNER_LIST_H
#define PARTY_PARTNER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct party_partner;

enum { PARTNER_PIECE_BITS = 7, PARTNER_PIECE = 1 << PARTNER_PIECE_BITS };

struct partner_piece {
    const struct party_partner *partners[PARTNER_PIECE];
};

struct partner_pieces {
    size_t room;
    struct partner_piece *at[];
};

struct partner_list {
    struct partner_pieces *pieces; /* NULL: empty */
    size_t count;
};

/* *out shares all with from from here on; its end is partner_list_done. */
void partner_list_share(const struct partner_list *from, struct partner_list *out);
void partner_list_done(struct partner_list *list);

/* number < count: another record of that partner; number == count: one more. Takes a hold of its
 * own on the record. False when out of memory; the list is then as before. */
bool partner_list_set(struct partner_list *list, uint32_t number,
                      const struct party_partner *partner);

/* number < count. */
static inline const struct party_partner *partner_list_at(const struct partner_list *list,
                                                          uint32_t number)
{
    return list->pieces->at[number >> PARTNER_PIECE_BITS]->partners[number & (PARTNER_PIECE - 1)];
}

#endif
