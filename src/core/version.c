#include "core/version.h"

const char scopemint_version[] = SCOPEMINT_VERSION;
