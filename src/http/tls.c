#include "http/tls.h"

#include <errno.h>
#include <sys/stat.h>

#include <h2o.h>

static void put_error(struct buf *out, const char *what, struct str file, const char *why)
{
    buf_cstr(out, what);
    buf_char(out, ' ');
    buf_str(out, file);
    buf_cstr(out, ": ");
    buf_cstr(out, why);
}

/* A private key that every user of the machine can read is no key. */
static bool check_key_file(struct str key, struct buf *out_error)
{
    struct stat info;

    if (stat(key.ptr, &info) != 0) {
        put_error(out_error, "TLS key", key, strerror(errno));
        return false;
    }
    if ((info.st_mode & S_IRWXO) != 0) {
        put_error(out_error, "TLS key", key, "others can read or write it; chmod 0600 it");
        return false;
    }
    return true;
}

/* RFC7301: a client that offers protocols but not ours gets no connection (THREATS-67). */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *selected;

    (void)ssl, (void)context;
    if (SSL_select_next_proto(&selected, out_len, ours, sizeof(ours) - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = selected;
    return SSL_TLSEXT_ERR_OK;
}

static bool harden(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

static bool load(SSL_CTX *context, struct str certificate, struct str key, struct buf *out_error)
{
    if (SSL_CTX_use_certificate_chain_file(context, certificate.ptr) != 1) {
        put_error(out_error, "TLS certificate", certificate, "cannot be read as a PEM chain");
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context, key.ptr, SSL_FILETYPE_PEM) != 1) {
        put_error(out_error, "TLS key", key,
                  "is not the PEM key, without a passphrase, of the certificate");
        return false;
    }
    return true;
}

struct ssl_ctx_st *tls_context_new(struct str certificate, struct str key, struct buf *out_error)
{
    if (!check_key_file(key, out_error))
        return NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || !harden(context)) {
        buf_cstr(out_error, "TLS cannot be set up: OpenSSL refuses TLS 1.2 and its ciphers");
        tls_context_free(&context);
        return NULL;
    }
    if (!load(context, certificate, key, out_error))
        tls_context_free(&context);
    return context;
}

struct ssl_ctx_st *tls_context_ref(struct ssl_ctx_st *context)
{
    if (context != NULL)
        SSL_CTX_up_ref(context);
    return context;
}

void tls_context_free(struct ssl_ctx_st **context)
{
    SSL_CTX_free(*context);
    *context = NULL;
}
