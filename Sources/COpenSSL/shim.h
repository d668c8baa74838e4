#pragma once
// The streaming SHA-256 calls below are deprecated in name only: the context they keep is a plain
// value, so that hashing a small node costs neither an allocation nor an algorithm lookup.
#ifndef OPENSSL_SUPPRESS_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#endif
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Function-like macros, which Swift cannot import.
static inline int copenssl_ctx_set_min_tls13(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
}
static inline long copenssl_ctx_set_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_mode(context, mode);
}
static inline long copenssl_bio_pending(BIO *bio) { return BIO_pending(bio); }
static inline long copenssl_bio_set_mem_eof_return(BIO *bio, int value) {
    return BIO_set_mem_eof_return(bio, value);
}
static inline long copenssl_set_host_name(SSL *connection, const char *name) {
    return SSL_set_tlsext_host_name(connection, name);
}
