/* Client authentication as the endpoints here use it: counted, and refused as RFC6749-5.2 says. */
#ifndef EXCHANGE_AUTHENTICATE_H
#define EXCHANGE_AUTHENTICATE_H

#include "client/authenticate.h"
#include "exchange/exchange.h"

/* NEXT with the application, which lives as long as the snapshot; or DONE after refusing. */
enum step_result exchange_authenticate(struct exchange *x, const struct client_presented *presented,
                                       const struct party_application **out);

#endif
