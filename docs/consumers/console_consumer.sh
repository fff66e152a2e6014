#!/bin/sh
# Prints every record of the topics named, and then new ones until Ctrl-C: headers, key, JSON, with tabs between.
#   KAFKA=127.0.0.1:19092 sh console_consumer.sh clicks.enriched clicks.rejected
set -eu
exec kafka-console-consumer.sh --bootstrap-server "${KAFKA:-127.0.0.1:19092}" \
    --include "$(IFS='|' && echo "$*")" --from-beginning \
    --formatter-property print.headers=true --formatter-property print.key=true
