/* The secrets file of an init that may be stopped anywhere: they are on the disk under a name of
 * their own before the rows are in, and get the file's name after. So a file of that name always
 * belongs to a node that is made, and one under the other name tells by its partner_sid whether the
 * rows came to be. */
#include "cli/init.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/load.h"

enum { PATH_BYTES = 4096, SECRETS_MAX = 256 * 1024 * 1024 };

static bool say_errno(const char *path)
{
    cli_say("%s: %s", path, strerror(errno));
    return false;
}

static bool unfinished_name(const char *path, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s.unfinished", path);

    if (n > 0 && n < PATH_BYTES)
        return true;
    errno = ENAMETOOLONG;
    return say_errno(path);
}

static bool write_file(struct output *output, const char *path)
{
    int handle = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = handle < 0 ? NULL : fdopen(handle, "w");

    if (file == NULL) {
        say_errno(path);
        if (handle >= 0) {
            close(handle);
            unlink(path);
        }
        output_drop(output);
        return false;
    }
    bool written = output_finish(output, file) && fsync(handle) == 0;
    int reason = errno;
    written = fclose(file) == 0 && written;
    if (!written) {
        unlink(path);
        errno = reason;
        return say_errno(path);
    }
    return true;
}

bool init_write_secrets(const struct seed *seed, struct str issuer, const char *path)
{
    char unfinished[PATH_BYTES];
    struct output output;

    if (!unfinished_name(path, unfinished))
        return false;
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        cli_say("%s is there already, and is not replaced", path);
        return false;
    }
    if (unlink(unfinished) != 0 && errno != ENOENT) /* of a node that was not made */
        return say_errno(unfinished);
    return init_render(seed, issuer, true, &output) && write_file(&output, unfinished);
}

void init_drop_secrets(const char *path)
{
    char unfinished[PATH_BYTES];

    if (unfinished_name(path, unfinished))
        unlink(unfinished);
}

bool init_name_secrets(const char *path)
{
    char unfinished[PATH_BYTES];

    if (!unfinished_name(path, unfinished))
        return false;
    if (renameat2(AT_FDCWD, unfinished, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    cli_say("the node is made; its secrets are in %s, which cannot be renamed: %s", unfinished,
            strerror(errno));
    return false;
}

/* The file's object when it is of this root. */
static const struct json_value *of_root(struct arena *arena, struct str text,
                                        const struct sid *root)
{
    const struct json_value *object = api_parse(arena, text);
    struct str partner_sid = STR_NONE;
    struct sid sid;

    (void)json_find_string(object, STR("partner_sid"), &partner_sid);
    return sid_parse(partner_sid, &sid) && sid_eq(&sid, root) ? object : NULL;
}

enum init_resumed init_resume(const char *path, const struct sid *root, bool json,
                              struct arena *arena)
{
    char unfinished[PATH_BYTES];
    struct output output;
    struct buf text;

    if (!unfinished_name(path, unfinished) || access(unfinished, F_OK) != 0)
        return INIT_NOT_STOPPED;
    buf_init_arena(&text, arena, 4096, SECRETS_MAX);
    if (!cli_read_file(unfinished, SECRETS_MAX, &text))
        return INIT_RESUME_FAILED;
    const struct json_value *object = of_root(arena, buf_view(&text), root);
    if (object == NULL)
        return INIT_NOT_STOPPED;
    if (!init_name_secrets(path))
        return INIT_RESUME_FAILED;
    cli_say("an earlier init had made the node and was stopped; its secrets are in %s", path);
    output_init(&output, json);
    api_put_object(&output, object);
    return cli_finish(&output, CLI_OK) == CLI_OK ? INIT_RESUMED : INIT_RESUME_FAILED;
}
