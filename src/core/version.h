/* The program's version, from meson.build. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

extern const char scopemint_version[];

#endif
