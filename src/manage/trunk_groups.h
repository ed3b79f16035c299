/* Trunk groups and their trunks under /core/v2 (SPEC 9): what the files trunk_groups_*.c and
 * trunks_*.c share. They are minimal: a name, and the access control lists that calls through them
 * are held against. A group belongs to a partner; a caller sees and writes those of its own partner
 * and of all below it, and what lies elsewhere is 404, as if there were nothing.
 *
 * The two have scopes of their own: neither trunk_groups.manage nor any other scope of groups says
 * anything about trunks. */
#ifndef MANAGE_TRUNK_GROUPS_H
#define MANAGE_TRUNK_GROUPS_H

#include "manage/body.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"

/* ---- trunk_groups_view.c ---- */

enum trunk_group_attribute {
    TRUNK_GROUP_SID,
    TRUNK_GROUP_PARTNER_SID,
    TRUNK_GROUP_NAME,
    TRUNK_GROUP_ACLS,
    TRUNK_GROUP_TRUNKS, /* their SIDs */
    TRUNK_GROUP_DATE_CREATED,
    TRUNK_GROUP_DATE_UPDATED,
    TRUNK_GROUP_PARTNER,
    TRUNK_GROUP_ATTRIBUTES
};
extern const struct object_kind trunk_group_kind;

/* One of trunk_groups.manage and the verb's scope; _with_trunks: and the same of the trunks. */
extern const struct requirement trunk_group_to_create, trunk_group_to_create_with_trunks,
    trunk_group_to_read, trunk_group_to_update, trunk_group_to_delete,
    trunk_group_to_delete_with_trunks;

/* What an answer shows of a row. */
struct trunk_group_view {
    const struct trunk_group_row *row;
    const struct snapshot *snapshot;
};

/* view: a struct trunk_group_view. The second is for the audit log. */
void trunk_group_write(const void *view, unsigned attribute, struct json_writer *w);
void trunk_group_write_record(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with the object and its ETag, or the fault. */
enum step_result trunk_group_reply(struct exchange *x, const struct trunk_group_row *row,
                                   const struct object_fields *fields);

/* What a path names, and whose it is. */
struct trunk_place {
    struct sid trunk_group_sid;
    struct sid trunk_sid; /* of trunk_find */
    const struct party_partner *partner;
};

/* The group that the path names first. NEXT, or DONE with 404. */
enum step_result trunk_group_find(struct exchange *x, const struct caller *caller,
                                  struct trunk_place *out);

/* Reads its row: WAIT, stored_step_read comes next. */
enum step_result trunk_group_read_row(struct exchange *x, struct stored *stored,
                                      const struct trunk_place *place);

/* The row that was read. NEXT, or DONE with 404: it went meanwhile. */
enum step_result trunk_group_row_read(struct exchange *x, const struct stored *stored,
                                      const struct trunk_group_row **out);

/* ---- trunk_groups_records.c ---- */

/* A record for each trunk that is made, or goes, with its group: in the exchange's arena, to stand
 * in front of the group's. ERR_FAULT_MEMORY. */
RESULT trunk_records_made(struct exchange *x, const struct caller *caller,
                          const struct trunk_group_row *group, const struct trunk_row *trunks,
                          size_t count, struct store_request *out);
RESULT trunk_records_gone(struct exchange *x, const struct caller *caller,
                          const struct trunk_group_row *group, struct store_request *out);

/* ---- trunks_view.c ---- */

enum trunk_attribute {
    TRUNK_SID,
    TRUNK_TRUNK_GROUP_SID,
    TRUNK_NAME,
    TRUNK_ACLS,
    TRUNK_DATE_CREATED,
    TRUNK_DATE_UPDATED,
    TRUNK_ATTRIBUTES
};
extern const struct object_kind trunk_kind;

/* One of trunk_groups.trunks.manage and the verb's scope. */
extern const struct requirement trunk_to_create, trunk_to_read, trunk_to_update, trunk_to_delete;

/* view: a struct trunk_row. The second is for the audit log. */
void trunk_write(const void *view, unsigned attribute, struct json_writer *w);
void trunk_write_record(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with the object and its ETag, or the fault. */
enum step_result trunk_reply(struct exchange *x, const struct trunk_row *row,
                             const struct object_fields *fields);

/* As those of groups: the trunk that the path names second, of the group that it names first. */
enum step_result trunk_find(struct exchange *x, const struct caller *caller,
                            struct trunk_place *out);
enum step_result trunk_read_row(struct exchange *x, struct stored *stored,
                                const struct trunk_place *place);
enum step_result trunk_row_read(struct exchange *x, const struct stored *stored,
                                const struct trunk_row **out);

/* ---- trunk_groups_fields.c ---- */

/* What a body says of a group's row, or a trunk's. */
struct trunk_group_fields {
    const struct party_partner *home; /* whose it is, or will be */
    struct trunk_group_row row;       /* what it is to become */
    struct trunk_row *trunks;         /* that are to be made with it */
    size_t trunk_count;
};

/* *out from the body, on top of before (what is stored; of a new one nothing). home: whose it is;
 * of a new one the caller's partner, which the body may go down from. NEXT, or DONE after refusing
 * everything that is wrong with it, lists and trunks included (422). */
enum step_result trunk_group_fields_judge(struct exchange *x, const struct json_value *object,
                                          enum body_verb verb, const struct party_partner *home,
                                          const struct trunk_group_row *before,
                                          struct trunk_group_fields *out);

/* Likewise of a trunk, in a group of that partner. */
enum step_result trunk_fields_judge(struct exchange *x, const struct json_value *object,
                                    enum body_verb verb, const struct party_partner *home,
                                    const struct trunk_row *before, struct trunk_row *out);

#endif
