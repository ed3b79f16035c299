#include "party/partner_list.h"

#include <assert.h>

#include "core/shared.h"
#include "party/record.h"

enum { ROOM_MIN = 4 };

static void unref_piece(struct partner_piece *piece)
{
    if (!shared_drop(piece))
        return;
    for (size_t i = 0; i < PARTNER_PIECE; i++)
        if (piece->partners[i] != NULL)
            partner_unref(piece->partners[i]);
    shared_free(piece);
}

static void unref_pieces(struct partner_pieces *pieces)
{
    if (!shared_drop(pieces))
        return;
    for (size_t i = 0; i < pieces->room; i++)
        if (pieces->at[i] != NULL)
            unref_piece(pieces->at[i]);
    shared_free(pieces);
}

/* A list of pieces that no other version has, with a place for the piece. */
static bool own_pieces(struct partner_list *list, size_t piece)
{
    struct partner_pieces *old = list->pieces;
    size_t room = old == NULL ? ROOM_MIN : old->room;

    assert(piece <= room); /* numbers have no hole */
    if (piece == room)
        room *= 2;
    if (old != NULL && shared_is_own(old) && old->room == room)
        return true;
    struct partner_pieces *copy = shared_new(sizeof(*copy) + room * sizeof(copy->at[0]));
    if (copy == NULL)
        return false;
    copy->room = room;
    for (size_t i = 0; old != NULL && i < old->room; i++) {
        copy->at[i] = old->at[i];
        if (copy->at[i] != NULL)
            shared_ref(copy->at[i]);
    }
    if (old != NULL)
        unref_pieces(old);
    list->pieces = copy;
    return true;
}

static bool own_piece(struct partner_piece **at)
{
    struct partner_piece *old = *at;

    if (old != NULL && shared_is_own(old))
        return true;
    struct partner_piece *copy = shared_new(sizeof(*copy));
    if (copy == NULL)
        return false;
    if (old != NULL) {
        *copy = *old;
        for (size_t i = 0; i < PARTNER_PIECE; i++)
            if (copy->partners[i] != NULL)
                shared_ref(copy->partners[i]);
        unref_piece(old);
    }
    *at = copy;
    return true;
}

void partner_list_share(const struct partner_list *from, struct partner_list *out)
{
    *out = *from;
    if (out->pieces != NULL)
        shared_ref(out->pieces);
}

void partner_list_done(struct partner_list *list)
{
    if (list->pieces != NULL)
        unref_pieces(list->pieces);
    *list = (struct partner_list){NULL, 0};
}

bool partner_list_set(struct partner_list *list, uint32_t number,
                      const struct party_partner *partner)
{
    size_t piece = number >> PARTNER_PIECE_BITS;

    assert(number <= list->count);
    if (!own_pieces(list, piece) || !own_piece(&list->pieces->at[piece]))
        return false;
    const struct party_partner **at =
        &list->pieces->at[piece]->partners[number & (PARTNER_PIECE - 1)];
    shared_ref(partner);
    if (*at != NULL)
        partner_unref(*at);
    *at = partner;
    list->count += number == list->count;
    return true;
}
