/* See init.h. */
#include "cli/init.h"

#include "cli/command.h"
#include "cli/output.h"

static void put_sid(struct output *o, const char *key, const struct sid *sid)
{
    char text[SID_TEXT];
    sid_format(sid, text);
    output_str(o, key, str_make(text, SID_TEXT));
}

static void put_ref(struct output *o, struct str ref)
{
    char key[80];
    snprintf(key, sizeof(key), "%.*s", STR_ARG(ref)); /* at most SEED_REF_MAX long */
    output_begin_member(o, key);
}

static void put_credentials(struct output *o, const struct seed_application *application)
{
    put_sid(o, "client_id", &application->row.client_id);
    if (application->has_secret)
        output_str(o, "client_secret", str_make(application->secret, SECRET_TEXT));
    else
        output_null(o, "client_secret");
}

static void put_partners(struct output *o, const struct seed *seed)
{
    output_begin_member(o, "partners");
    for (size_t i = 1; i < seed->partner_count; i++) {
        put_ref(o, seed->partners[i].ref);
        put_sid(o, "partner_sid", &seed->partners[i].row.partner_sid);
        output_end(o);
    }
    output_end(o);
}

static void put_applications(struct output *o, const struct seed *seed)
{
    output_begin_member(o, "applications");
    for (size_t i = 1; i < seed->application_count; i++) {
        put_ref(o, seed->applications[i].ref);
        put_credentials(o, &seed->applications[i]);
        put_sid(o, "partner_sid", &seed->applications[i].row.partner_sid);
        output_end(o);
    }
    output_end(o);
}

bool init_render(const struct seed *seed, struct str issuer, bool json, struct output *out)
{
    output_init(out, json);
    output_begin(out);
    output_str(out, "issuer", issuer);
    put_sid(out, "partner_sid", &seed->partners[0].row.partner_sid);
    output_begin_member(out, "admin");
    put_credentials(out, &seed->applications[0]);
    output_end(out);
    if (json || seed->partner_count > 1)
        put_partners(out, seed);
    if (json || seed->application_count > 1)
        put_applications(out, seed);
    output_end(out);
    if (!out->text.failed)
        return true;
    cli_say("the ids and secrets of this seed do not fit into memory; nothing was changed");
    output_drop(out);
    return false;
}
