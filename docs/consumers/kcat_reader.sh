#!/bin/sh
# Prints every record of the topics named, once and to their present end: headers, key, JSON, with tabs between.
#   KAFKA=127.0.0.1:19092 sh kcat_reader.sh clicks.enriched clicks.rejected
set -eu
for topic in "$@"; do
    kcat -C -b "${KAFKA:-127.0.0.1:19092}" -t "$topic" -o beginning -e -q -f '%h\t%k\t%s\n'
done
