/* Changes of the key directory as the commands make them, on real files. */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "fixture.h"

TestSuite(change, .init = fixture_init, .fini = fixture_done);

static mode_t mode_of(const char *name)
{
    char path[256];
    struct stat st;
    path_of(name, path);
    cr_assert_eq(stat(path, &st), 0, "%s", path);
    return st.st_mode & 07777;
}

static size_t count_pems(void)
{
    size_t n = 0;
    DIR *dir = opendir(key_path);
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        n += strstr(entry->d_name, ".pem") != NULL;
    closedir(dir);
    return n;
}

Test(change, create_makes_a_directory_of_ones_own)
{
    char path[256];
    path_of("new", path);
    cr_assert_eq(keyring_create(path, &why), KEYRING_DONE, "%s", why_memory);
    cr_assert_eq(mode_of("new"), 0700);
    cr_assert_eq(keyring_create(path, &why), KEYRING_DONE, "again");
    cr_assert_eq(chmod(path, 0722), 0);
    cr_assert_eq(keyring_create(path, &why), KEYRING_FAILED);
    expect_why("group or others can write to it");
    cr_assert_eq(keyring_create("/nonexistent/a/b", &why), KEYRING_FAILED);
    expect_why("cannot be made");
}

Test(change, generate_writes_private_files) /* P5 */
{
    char name[64], text[4096];
    umask(0);
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++) {
        struct keyring_entry entry = generate((enum key_alg)alg, NOW_S);
        cr_assert_eq(entry.state, alg == 0 ? KEY_ACTIVE : KEY_NEXT);
        cr_assert_eq(entry.alg, (enum key_alg)alg);
        pem_name(keyring_entry_kid(&entry), name);
        cr_assert_eq(mode_of(name), 0600);
        read_text(name, text, sizeof(text));
        cr_assert_eq(strncmp(text, "-----BEGIN PRIVATE KEY-----", 27), 0);
    }
    cr_assert_eq(mode_of("keyring.json"), 0600);
    cr_assert_eq(mode_of(".lock"), 0600);
    read_text("keyring.json", text, sizeof(text));
    cr_assert_null(strstr(text, "PRIVATE"));
    cr_assert_eq(list().n, (size_t)KEY_ALG_COUNT);
}

Test(change, generate_refuses_a_second_next_key_and_leaves_no_file)
{
    struct keyring_entry entry;
    generate(KEY_ES256, NOW_S);
    generate(KEY_ES256, NOW_S);
    cr_assert_eq(keyring_generate(key_path, KEY_ES256, NOW_S, &entry, &why), KEYRING_REFUSED);
    expect_why("is the next ES256 key already");
    cr_assert_eq(count_pems(), 2);
}

Test(change, rotate_activates_and_generates_the_next)
{
    struct keyring_entry first = generate(KEY_ES256, NOW_S), active;
    struct keyring_entry second = generate(KEY_ES256, NOW_S);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, false, NOW_S, &active, &why),
                 KEYRING_REFUSED);
    expect_why("has not been published yet");
    cr_assert_eq(keyring_publish(key_path, &policy, NOW_S, &why), KEYRING_DONE);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, false, NOW_S + 300, &active, &why),
                 KEYRING_REFUSED);
    expect_why("for another 1 s");
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, false, NOW_S + 301, &active, &why),
                 KEYRING_DONE);
    cr_assert(str_eq(keyring_entry_kid(&active), keyring_entry_kid(&second)));
    struct keyring_manifest m = list();
    cr_assert_eq(m.n, 3);
    cr_assert_eq(m.entries[0].state, KEY_RETIRED);
    cr_assert_eq(m.entries[1].state, KEY_ACTIVE);
    cr_assert_eq(m.entries[2].state, KEY_NEXT);
    cr_assert_eq(m.entries[2].published_s, 0);
    cr_assert(pem_exists(keyring_entry_kid(&first)));
    struct keyring *keyring = load(KEY_ES256);
    keyring_unref(&keyring);
}

Test(change, a_key_whose_tokens_have_expired_goes_with_the_next_change)
{
    struct keyring_entry first = generate(KEY_ES256, NOW_S), active;
    generate(KEY_ES256, NOW_S);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, true, NOW_S, &active, &why),
                 KEYRING_DONE);
    generate(KEY_EDDSA, NOW_S + 3659);
    cr_assert(pem_exists(keyring_entry_kid(&first)));
    generate(KEY_RS256, NOW_S + 3660);
    cr_assert_not(pem_exists(keyring_entry_kid(&first)));
    struct keyring_manifest m = list();
    cr_assert_eq(manifest_find(&m, keyring_entry_kid(&first))->state, KEY_GONE);
}

Test(change, a_file_left_by_a_crash_goes_with_the_next_change)
{
    char name[64], text[4096];
    struct keyring_entry first = generate(KEY_ES256, NOW_S);
    pem_name(keyring_entry_kid(&first), name);
    read_text(name, text, sizeof(text));
    cr_assert_eq(keyring_withdraw(key_path, keyring_entry_kid(&first), true, NOW_S, &why),
                 KEYRING_DONE);
    write_text(name, text, 0600); /* as if the process died before it removed it */
    generate(KEY_EDDSA, NOW_S);
    cr_assert_not(pem_exists(keyring_entry_kid(&first)));
}

Test(change, withdraw_replaces_what_it_takes) /* 7662-4-b */
{
    struct keyring_entry first = generate(KEY_ES256, NOW_S);
    struct str kid = keyring_entry_kid(&first);
    cr_assert_eq(keyring_withdraw(key_path, kid, false, NOW_S, &why), KEYRING_REFUSED);
    expect_why("is active; withdraw it with --replace");
    cr_assert_eq(keyring_withdraw(key_path, kid, true, NOW_S, &why), KEYRING_DONE);
    cr_assert_not(pem_exists(kid));
    struct keyring *keyring = load(KEY_ES256);
    cr_assert_null(keyring_find(keyring, kid));
    keyring_unref(&keyring);

    struct keyring_manifest m = list();
    const struct keyring_entry *next = manifest_find_state(&m, KEY_ES256, KEY_NEXT);
    cr_assert_not_null(manifest_find_state(&m, KEY_ES256, KEY_ACTIVE));
    cr_assert_not_null(next);
    cr_assert_eq(keyring_withdraw(key_path, keyring_entry_kid(next), false, NOW_S, &why),
                 KEYRING_DONE);
    struct keyring_manifest after = list();
    cr_assert_not_null(manifest_find_state(&after, KEY_ES256, KEY_NEXT), "another one");
    cr_assert_eq(count_pems(), 2);

    cr_assert_eq(keyring_withdraw(key_path, kid, true, NOW_S, &why), KEYRING_REFUSED);
    expect_why("no such key");
    cr_assert_eq(keyring_withdraw(key_path, STR("x"), true, NOW_S, &why), KEYRING_REFUSED);
    expect_why("no such key");
    cr_assert_eq(keyring_withdraw(key_path, STR_NONE, true, NOW_S, &why), KEYRING_REFUSED);
}

/* P5: the history may have no room for it, the directory has none either. */
Test(change, a_withdrawn_key_leaves_the_directory_even_if_it_is_forgotten_at_once)
{
    struct keyring_entry old = generate(KEY_ES256, NOW_S), newest;
    int64_t now_s = NOW_S;
    generate(KEY_EDDSA, NOW_S);
    for (int i = 0; i < KEYRING_HISTORY_MAX + 2; i++) {
        now_s += 100000;
        cr_assert_eq(keyring_rotate(key_path, KEY_EDDSA, &policy, true, now_s, &newest, &why),
                     KEYRING_DONE, "%s", why_memory);
    }
    cr_assert_eq(keyring_withdraw(key_path, keyring_entry_kid(&old), true, now_s, &why),
                 KEYRING_DONE, "%s", why_memory);
    struct keyring_manifest m = list();
    cr_assert_null(manifest_find(&m, keyring_entry_kid(&old)), "the oldest of the history");
    cr_assert_not(pem_exists(keyring_entry_kid(&old)));
}

Test(change, retire_an_algorithm)
{
    struct keyring_entry old = generate(KEY_ES256, NOW_S), active;
    struct str kid = keyring_entry_kid(&old);
    cr_assert_eq(keyring_retire(key_path, kid, &policy, NOW_S, &why), KEYRING_REFUSED);
    expect_why("is the only active key");
    generate(KEY_EDDSA, NOW_S);
    cr_assert_eq(keyring_rotate(key_path, KEY_EDDSA, &policy, true, NOW_S, &active, &why),
                 KEYRING_DONE);
    cr_assert_eq(keyring_retire(key_path, kid, &policy, NOW_S, &why), KEYRING_DONE);
    struct keyring *keyring = load(KEY_EDDSA);
    cr_assert_not_null(keyring_find(keyring, kid), "its tokens still live");
    keyring_unref(&keyring);
}

Test(change, publish_writes_only_news)
{
    char before[4096], after[4096];
    generate(KEY_ES256, NOW_S);
    cr_assert_eq(keyring_publish(key_path, &policy, NOW_S, &why), KEYRING_DONE);
    cr_assert_eq(list().entries[0].published_s, NOW_S);
    read_text("keyring.json", before, sizeof(before));
    cr_assert_eq(keyring_publish(key_path, &policy, NOW_S + 9, &why), KEYRING_DONE);
    read_text("keyring.json", after, sizeof(after));
    cr_assert_str_eq(before, after);
}

Test(change, every_change_fails_on_a_missing_directory)
{
    struct keyring_entry entry;
    struct keyring_manifest m;
    const char *none = "/nonexistent/keys";
    cr_assert_eq(keyring_generate(none, KEY_ES256, NOW_S, &entry, &why), KEYRING_FAILED);
    expect_why("scopemint init");
    cr_assert_eq(keyring_rotate(none, KEY_ES256, &policy, true, NOW_S, &entry, &why),
                 KEYRING_FAILED);
    expect_why("scopemint init");
    cr_assert_eq(keyring_withdraw(none, STR("k"), true, NOW_S, &why), KEYRING_FAILED);
    expect_why("scopemint init");
    cr_assert_eq(keyring_retire(none, STR("k"), &policy, NOW_S, &why), KEYRING_FAILED);
    expect_why("scopemint init");
    cr_assert_eq(keyring_publish(none, &policy, NOW_S, &why), KEYRING_FAILED);
    expect_why("scopemint init");
    cr_assert_eq(keyring_list(none, &m, &why), KEYRING_FAILED);
    expect_why("scopemint init");
}

Test(change, a_broken_manifest_is_never_overwritten)
{
    struct keyring_entry entry;
    char text[64];
    write_text("keyring.json", "{", 0600);
    cr_assert_eq(keyring_generate(key_path, KEY_ES256, NOW_S, &entry, &why), KEYRING_FAILED);
    expect_why("keyring.json: line 1");
    read_text("keyring.json", text, sizeof(text));
    cr_assert_str_eq(text, "{");
}

/* The list cannot be replaced: the old one holds. */
Test(change, a_manifest_that_cannot_be_written_changes_nothing)
{
    char path[256];
    struct keyring_entry first = generate(KEY_ES256, NOW_S), active;
    generate(KEY_ES256, NOW_S);
    path_of("keyring.json.new", path);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, true, NOW_S, &active, &why),
                 KEYRING_FAILED);
    expect_why("keyring.json.new: cannot be written");
    struct keyring *keyring = load(KEY_ES256);
    cr_assert(str_eq(keyring_key_kid(keyring_active(keyring)), keyring_entry_kid(&first)));
    keyring_unref(&keyring);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, true, NOW_S, &active, &why),
                 KEYRING_DONE);
}

/* A full disk, as far as a process can have one. */
Test(change, a_key_that_cannot_be_written_changes_nothing)
{
    struct rlimit limit, none;
    struct keyring_entry entry;
    generate(KEY_ES256, NOW_S);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    none = limit;
    none.rlim_cur = 10;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    enum keyring_status status = keyring_generate(key_path, KEY_ES256, NOW_S, &entry, &why);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(status, KEYRING_FAILED);
    expect_why(".pem: cannot be written: File too large");
    cr_assert_eq(count_pems(), 1);
    cr_assert_eq(list().n, 1);
}

static void *generate_one(void *argument)
{
    struct keyring_entry entry;
    char memory[512];
    struct buf own;
    buf_init_fixed(&own, memory, sizeof(memory));
    int *alg = argument;
    *alg = (int)keyring_generate(key_path, (enum key_alg) * alg, NOW_S, &entry, &own);
    return NULL;
}

/* Without the lock the last writer would win, and the others' keys be lost. */
Test(change, changes_at_the_same_time_wait_for_each_other)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    int done[THREADS];
    size_t keys = 0;
    for (int i = 0; i < THREADS; i++) {
        done[i] = i % 2 ? KEY_ES256 : KEY_EDDSA;
        cr_assert_eq(pthread_create(&threads[i], NULL, generate_one, &done[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        keys += done[i] == KEYRING_DONE;
        cr_assert(done[i] == KEYRING_DONE || done[i] == KEYRING_REFUSED);
    }
    cr_assert_eq(keys, 3); /* active and next of the first algorithm, next of the other */
    cr_assert_eq(list().n, 3);
    cr_assert_eq(count_pems(), 3);
}
