/* The two spellings of an ECDSA signature over P-256: JOSE's r and s side by side (RFC7518-3.4) and
 * OpenSSL's DER. */
#ifndef CRYPTO_ECDSA_FORM_H
#define CRYPTO_ECDSA_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ECDSA_RAW = 64, ECDSA_DER_MAX = 72 };

/* False unless both r and s lie in [1, n-1] (8725-3.4-a, THREATS-14: zeros must never reach the
 * arithmetic). */
bool ecdsa_raw_is_valid(const uint8_t raw[ECDSA_RAW]);

/* Writes DER, returns its length. */
size_t ecdsa_raw_to_der(const uint8_t raw[ECDSA_RAW], uint8_t der[ECDSA_DER_MAX]);

/* Takes what OpenSSL made; false when it is not the DER of two numbers of at most 32 bytes. */
bool ecdsa_der_to_raw(const uint8_t *der, size_t len, uint8_t raw[ECDSA_RAW]);

#endif
