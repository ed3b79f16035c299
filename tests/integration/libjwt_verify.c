/* Verifies the JWT on standard input with the PEM public key named as argument, by libjwt alone: an
 * oracle that shares no code with the server. Prints the issuer. */
#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static char token[16384], pem[16384];
    jwt_t *jwt = NULL;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t size;

    if (file == NULL) {
        fputs("usage: verify PUBLIC.pem <token\n", stderr);
        return 2;
    }
    size = fread(pem, 1, sizeof(pem) - 1, file);
    fclose(file);
    if (fgets(token, sizeof(token), stdin) == NULL)
        return 2;
    token[strcspn(token, "\n")] = '\0';
    if (jwt_decode(&jwt, token, (const unsigned char *)pem, (int)size) != 0)
        return 1;
    if (jwt_get_alg(jwt) != JWT_ALG_ES256)
        return 1;
    puts(jwt_get_grant(jwt, "iss"));
    jwt_free(jwt);
    return 0;
}
