/* What the work under an answer costs by itself, in microseconds of CPU: an ES256 signature, its
 * verification (keys parsed once), and a token row in SQLite as the server writes it (its columns
 * and indexes, WAL, synchronous=FULL, 64 rows a transaction). Prints the three.
 *
 *   bench_costs NEW-DATABASE SCHEMA.sql...   every file of src/store/schema, in order */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sqlite3.h>

enum { SIGN_ROUNDS = 20000, ROW_BATCHES = 500, ROWS_PER_BATCH = 64, SCHEMA_MAX = 65536 };

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_costs: %s failed\n", what);
        exit(1);
    }
}

static void measure_signatures(double *out_sign_us, double *out_verify_us)
{
    unsigned char digest[32] = {1}, signature[128];
    size_t size = sizeof(signature);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_PKEY_CTX *signer = EVP_PKEY_CTX_new(key, NULL), *verifier = EVP_PKEY_CTX_new(key, NULL);

    need(EVP_PKEY_sign_init(signer) == 1 && EVP_PKEY_verify_init(verifier) == 1, "key");
    double begin = cpu_us();
    for (int i = 0; i < SIGN_ROUNDS; i++) {
        digest[0] = (unsigned char)i;
        size = sizeof(signature);
        need(EVP_PKEY_sign(signer, signature, &size, digest, sizeof(digest)) == 1, "signing");
    }
    double middle = cpu_us();
    for (int i = 0; i < SIGN_ROUNDS; i++)
        need(EVP_PKEY_verify(verifier, signature, size, digest, sizeof(digest)) == 1, "verifying");
    *out_verify_us = (cpu_us() - middle) / SIGN_ROUNDS;
    *out_sign_us = (middle - begin) / SIGN_ROUNDS;
    EVP_PKEY_CTX_free(signer);
    EVP_PKEY_CTX_free(verifier);
    EVP_PKEY_free(key);
}

static void run(sqlite3 *db, const char *sql)
{
    need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, sql);
}

static void migrate(sqlite3 *db, const char *schema)
{
    static char text[SCHEMA_MAX];
    FILE *file = fopen(schema, "rb");

    need(file != NULL, schema);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    run(db, text);
}

static sqlite3 *open_database(const char *path, char **schemas)
{
    sqlite3 *db = NULL;

    need(sqlite3_open(path, &db) == SQLITE_OK, path);
    run(db, "PRAGMA journal_mode=WAL");
    run(db, "PRAGMA synchronous=FULL");
    for (; *schemas != NULL; schemas++)
        migrate(db, *schemas);
    return db;
}

static double measure_rows(const char *path, char **schemas)
{
    sqlite3 *db = open_database(path, schemas);
    sqlite3_stmt *insert = NULL;
    unsigned char id[16] = {0}, owner[16] = {7};
    uint64_t number = 0;

    need(sqlite3_prepare_v2(
             db,
             "INSERT INTO tokens (token_sid, client_id, partner_sid, user_sid, name, scopes, "
             "audiences, created_ms, exp_s, exp_signed_s, generation, revision, newest_exp_s, "
             "newest_epoch, newest_kid) VALUES (?1, ?2, ?2, NULL, '', 'calls.manage sms.read', "
             "'https://api.example', 1, 2, 2, 1, 1, 2, 3, "
             "'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')",
             -1, &insert, NULL) == SQLITE_OK,
         "insert");
    double begin = cpu_us();
    for (int batch = 0; batch < ROW_BATCHES; batch++) {
        run(db, "BEGIN IMMEDIATE");
        for (int row = 0; row < ROWS_PER_BATCH; row++) {
            number++;
            for (int i = 0; i < 8; i++)
                id[i] = (unsigned char)(number >> (56 - 8 * i));
            sqlite3_bind_blob(insert, 1, id, sizeof(id), SQLITE_TRANSIENT);
            sqlite3_bind_blob(insert, 2, owner, sizeof(owner), SQLITE_STATIC);
            need(sqlite3_step(insert) == SQLITE_DONE, "a row");
            sqlite3_reset(insert);
        }
        run(db, "COMMIT");
    }
    double spent = cpu_us() - begin;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return spent / (double)number;
}

int main(int argc, char **argv)
{
    double sign_us, verify_us;

    if (argc < 3) {
        fputs("usage: bench_costs NEW-DATABASE SCHEMA.sql...\n", stderr);
        return 2;
    }
    measure_signatures(&sign_us, &verify_us);
    printf("%.2f %.2f %.2f\n", sign_us, verify_us, measure_rows(argv[1], argv + 2));
    return 0;
}
