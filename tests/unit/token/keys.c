#include "unit/token/keys.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base64.h"
#include "keyring/change.h"

enum { NOW_S = 1790000000 };

void keys_init(struct keys *keys)
{
    struct keyring_entry entry;
    char memory[1024];
    struct buf why;

    strcpy(keys->folder, "/tmp/scopemint-test-keys-XXXXXX");
    cr_assert_not_null(mkdtemp(keys->folder));
    buf_init_fixed(&why, memory, sizeof(memory));
    cr_assert_eq(keyring_create(keys->folder, &why), KEYRING_DONE, "%.*s", (int)why.len, why.ptr);
    cr_assert_eq(keyring_generate(keys->folder, KEY_ES256, NOW_S, &entry, &why), KEYRING_DONE,
                 "%.*s", (int)why.len, why.ptr);
    cr_assert(keyring_load(keys->folder, KEY_ES256, &keys->keyring, &why), "%.*s", (int)why.len,
              why.ptr);
    cr_assert(result_ok(keyring_thread_new(&keys->thread)));
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[400];

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

void keys_done(struct keys *keys)
{
    keyring_thread_free(&keys->thread);
    keyring_unref(&keys->keyring);
    remove_folder(keys->folder);
}

struct str keys_sign(struct keys *keys, const char *header, struct str payload, char *memory,
                     size_t size)
{
    struct jws_prefix prefix = {.len = base64url_length(strlen(header))};
    struct crypto_ctx *ctx;
    struct buf b;

    cr_assert_lt(prefix.len, sizeof(prefix.text));
    base64url_encode(header, strlen(header), prefix.text);
    prefix.text[prefix.len++] = '.';
    buf_init_fixed(&b, memory, size - 1);
    cr_assert(result_ok(keyring_thread_ctx(keys->thread, keyring_active(keys->keyring), &ctx)));
    cr_assert(result_ok(jws_write(&b, &prefix, payload, ctx)));
    memory[b.len] = '\0';
    return buf_view(&b);
}
