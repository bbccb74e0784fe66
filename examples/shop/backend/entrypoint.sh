#!/bin/sh
# One image, two programs. Arguments win; without any, ROLE says which.
set -eu
if [ $# -gt 0 ]; then
    exec "$@"
elif [ "${ROLE:-backend}" = migrator ]; then
    exec migrationctl up -s "${DATABASE_SCHEMA:-shop}"
else
    exec backend
fi
