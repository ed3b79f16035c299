/* TLS listeners: versions, ALPN, no resumption (THREATS-61, 67), clear errors (F-42). */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/tls.h"
#include "support/leaks.h"
#include "toy.h"

static char folder[] = "/tmp/toy-tls-XXXXXX", certificate[64], key[64];

static void write_certificate(EVP_PKEY *pair, long serial)
{
    X509 *x = X509_new();
    FILE *f = fopen(certificate, "w");

    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, pair);
    cr_assert(X509_sign(x, pair, EVP_sha256()) > 0);
    cr_assert_eq(PEM_write_X509(f, x), 1);
    fclose(f);
    X509_free(x);
}

static void write_files(long serial)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    write_certificate(pair, serial);
    FILE *f = fopen(key, "w");
    PEM_write_PrivateKey(f, pair, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    chmod(key, 0600);
    EVP_PKEY_free(pair);
}

static void up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(certificate, sizeof(certificate), "%s/cert.pem", folder);
    snprintf(key, sizeof(key), "%s/key.pem", folder);
    write_files(1);
    toy_init();
    toy.listen[0].tls = toy.admin.tls = true;
    toy.listen[0].certificate = toy.admin.certificate = str_from(certificate);
    toy.listen[0].key = toy.admin.key = str_from(key);
}

static void down(void)
{
    unlink(certificate);
    unlink(key);
    rmdir(folder);
}

TestSuite(tls, .init = up, .fini = down, .timeout = 60);

/* NULL: the handshake failed. */
static SSL *handshake(SSL_CTX *context, int fd, SSL_SESSION *session)
{
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (session != NULL)
        SSL_set_session(ssl, session);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static void ask(SSL *ssl, char *out, size_t room)
{
    static const char request[] = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t n = 0;
    cr_assert_gt(SSL_write(ssl, request, (int)sizeof(request) - 1), 0);
    do {
        int got = SSL_read(ssl, out + n, (int)(room - n - 1));
        cr_assert_gt(got, 0);
        n += (size_t)got;
        out[n] = '\0';
    } while (strstr(out, "{\"ok\":true}") == NULL);
}

Test(tls, serves_with_1_2_and_1_3_and_HSTS)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    char text[4096];
    toy_start();
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(context, versions[i]);
        SSL_CTX_set_max_proto_version(context, versions[i]);
        int fd = toy_connect();
        SSL *ssl = handshake(context, fd, NULL);
        cr_assert_not_null(ssl);
        ask(ssl, text, sizeof(text));
        cr_assert_not_null(strstr(text, "\r\nstrict-transport-security: max-age=31536000\r\n"));
        ask(ssl, text, sizeof(text)); /* keep-alive, the guard sees the second head too */
        SSL_free(ssl);
        close(fd);
        SSL_CTX_free(context);
    }
    toy_stop();
}

/* A connection goes on being read while its request waits, records and their end included. */
Test(tls, a_request_that_waits_with_another_behind_it)
{
    static const char hold[] = "POST /hold HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    static const char behind[] = "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    char text[8192];
    toy_start();
    for (int shut = 0; shut <= 1; shut++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        int fd = toy_connect(), held = atomic_load(&toy.held);
        SSL *ssl = handshake(context, fd, NULL);
        atomic_store(&toy.hold_open, false);
        cr_assert_gt(SSL_write(ssl, hold, (int)sizeof(hold) - 1), 0);
        for (int i = 0; i < 2000 && atomic_load(&toy.held) == held; i++)
            poll(NULL, 0, 5);
        for (size_t i = 0; i + 1 < sizeof(behind); i++)
            cr_assert_gt(SSL_write(ssl, behind + i, 1), 0);
        if (shut)
            cr_assert_geq(SSL_shutdown(ssl), 0); /* one direction alone */
        atomic_store(&toy.hold_open, true);
        size_t n = 0;
        for (int got; (got = SSL_read(ssl, text + n, (int)(sizeof(text) - n - 1))) > 0;)
            n += (size_t)got;
        text[n] = '\0';
        cr_assert_not_null(strstr(text, "body=hello"));
        cr_assert_not_null(strstr(text, "{\"ok\":true}"));
        SSL_free(ssl);
        close(fd);
        SSL_CTX_free(context);
    }
    toy_stop();
}

Test(tls, refuses_1_1)
{
    toy_start();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    int fd = toy_connect();
    cr_assert_null(handshake(context, fd, NULL));
    close(fd);
    SSL_CTX_free(context);
    toy_stop();
}

Test(tls, speaks_http_1_1_alone_by_ALPN_THREATS_67)
{
    static const struct {
        const char *offer;
        bool taken;
    } rows[] = {{"\x02h2\x08http/1.1", true}, {"\x08http/1.1", true}, {"\x02h2", false}};
    toy_start();
    for (size_t i = 0; i < 3; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        const unsigned char *chosen = NULL;
        unsigned len = 0;
        SSL_CTX_set_alpn_protos(context, (const unsigned char *)rows[i].offer,
                                (unsigned)strlen(rows[i].offer));
        int fd = toy_connect();
        SSL *ssl = handshake(context, fd, NULL);
        cr_assert_eq(ssl != NULL, rows[i].taken);
        if (ssl != NULL) {
            SSL_get0_alpn_selected(ssl, &chosen, &len);
            cr_assert(str_eq(str_make((const char *)chosen, len), STR("http/1.1")));
        }
        SSL_free(ssl);
        close(fd);
        SSL_CTX_free(context);
    }
    toy_stop();
}

Test(tls, a_session_of_one_listener_is_not_resumed_on_any_THREATS_61)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    char text[4096];
    toy_start();
    for (size_t i = 0; i < 2; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_max_proto_version(context, versions[i]);
        int fd = toy_connect();
        SSL *ssl = handshake(context, fd, NULL);
        ask(ssl, text, sizeof(text)); /* tickets of 1.3 would have come by now */
        SSL_SESSION *session = SSL_get1_session(ssl);
        cr_assert_not(SSL_SESSION_has_ticket(session));
        SSL_shutdown(ssl);
        SSL_free(ssl);
        close(fd);
        for (int admin = 0; admin <= 1; admin++) {
            fd = admin ? toy_connect_admin() : toy_connect();
            ssl = handshake(context, fd, session);
            cr_assert(ssl == NULL || SSL_session_reused(ssl) == 0);
            SSL_free(ssl);
            close(fd);
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
    }
    toy_stop();
}

Test(tls, clear_text_on_a_TLS_port_is_closed)
{
    static struct answer a;
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n");
    toy_read_headless(fd, &a);
    cr_assert_eq(a.status, 0);
    close(fd);
    toy_stop();
}

Test(tls, clients_that_leave_during_the_handshake)
{
    static const char hello[] = "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03";
    toy_start();
    for (size_t n = 0; n < sizeof(hello); n++) {
        int fd = toy_connect();
        toy_send(fd, hello, n);
        close(fd);
    }
    toy_stop();
}

static long serial_of(SSL *ssl)
{
    X509 *x = SSL_get1_peer_certificate(ssl);
    long serial = ASN1_INTEGER_get(X509_get0_serialNumber(x));
    X509_free(x);
    return serial;
}

static long serial_now(SSL_CTX *context)
{
    int fd = toy_connect();
    SSL *ssl = handshake(context, fd, NULL);
    cr_assert_not_null(ssl);
    long serial = serial_of(ssl);
    SSL_free(ssl);
    close(fd);
    return serial;
}

/* A renewal without a restart: connections there are go on, silent ones too (the library reads the
 * context when their first byte comes), and a broken file changes nothing. */
Test(tls, certificates_are_read_again_on_a_reload)
{
    char text[4096];
    toy.config.server.threads = 2;
    toy_start();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int old_fd = toy_connect(), silent_fd = toy_connect();
    SSL *old = handshake(context, old_fd, NULL);
    cr_assert_eq(serial_now(context), 1);
    write_files(2);
    toy_reload(&toy.config);
    toy_reload(&toy.config); /* nothing holds the first context but the connections */
    for (int i = 0; i < 8; i++)
        cr_assert_eq(serial_now(context), 2);
    ask(old, text, sizeof(text));
    SSL *silent = handshake(context, silent_fd, NULL);
    cr_assert_not_null(silent);
    cr_assert_eq(serial_of(silent), 1);
    ask(silent, text, sizeof(text));
    chmod(key, 0644);
    toy_reload(&toy.config);
    cr_assert_eq(serial_now(context), 2);
    unlink(certificate);
    toy_reload(&toy.config);
    cr_assert_eq(serial_now(context), 2);
    write_files(3);
    toy_reload(&toy.config);
    cr_assert_eq(serial_now(context), 3);
    SSL_free(old);
    SSL_free(silent);
    close(old_fd);
    close(silent_fd);
    SSL_CTX_free(context);
    toy_stop();
    leaks_check();
}

static void refused(const char *certificate_path, const char *key_path, const char *expected)
{
    char memory[512] = "";
    struct buf error;
    buf_init_fixed(&error, memory, sizeof(memory));
    struct ssl_ctx_st *context =
        tls_context_new(str_from(certificate_path), str_from(key_path), &error);
    cr_assert_null(context);
    cr_assert_not_null(strstr(memory, expected), "%s", memory);
    cr_assert_null(strchr(memory, '\n'));
}

Test(tls, bad_files_are_one_clear_line_F42)
{
    refused(certificate, "/nonexistent/key.pem", "TLS key /nonexistent/key.pem: No such file");
    refused("/nonexistent/cert.pem", key, "TLS certificate /nonexistent/cert.pem: cannot be read");
    refused(key, key, "TLS certificate ");
    refused(certificate, certificate, "TLS key ");
    chmod(key, 0604);
    refused(certificate, key, "others can read or write it");
}
