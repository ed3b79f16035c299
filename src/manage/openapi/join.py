#!/usr/bin/env python3
"""Joins the files of this folder into one OpenAPI document and prints it as C. Run by meson.

Objects of the same name become one, member by member; anything else may stand in one file alone, and no name twice
in one object, so nothing is lost unseen."""

import hashlib
import json
import pathlib
import re
import sys

LINE = 90


def members(pairs):
    """An object as it was read, unless a name stands in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a name stands twice in the object with {', '.join(found)}")
    return found


def join(into, piece, where=""):
    for name, value in piece.items():
        if name not in into:
            into[name] = value
        elif isinstance(value, dict) and isinstance(into[name], dict):
            join(into[name], value, f"{where}/{name}")
        else:
            raise ValueError(f"{where}/{name} stands in another file too")


def literals(text):
    """The lines of one C string. Escapes stay whole; a '?' could begin a trigraph."""
    units = re.findall(r'\\.|.', text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?"), re.DOTALL)
    line = ""
    for unit in units:
        if len(line) + len(unit) > LINE:
            yield f'    "{line}"'
            line = ""
        line += unit
    yield f'    "{line}"'


def main(paths):
    document = {}
    for path in paths:
        try:
            join(document, json.loads(pathlib.Path(path).read_text(), object_pairs_hook=members))
        except ValueError as error:
            sys.exit(f"{path}: {error}")
    text = json.dumps(document, separators=(",", ":"))  # ASCII alone
    tag = hashlib.sha256(text.encode()).hexdigest()[:32]
    print('#include "manage/openapi.h"\n\nconst struct str openapi_document = STR_INIT(')
    print("\n".join(literals(text)) + ");")
    print(f'const struct str openapi_etag = STR_INIT("\\"{tag}\\"");')


main(sys.argv[1:])
