#!/bin/sh
# Bring the database to the newest schema; where it has no key yet, make the first one. On the server
# of this deployment the service's role, which is no superuser, and its database are made first.
set -eu
admin=/secrets/database/admin_url
key=/secrets/admin/key

# The file is written before the key's row is committed: what a run left that was killed is kept,
# and gives way to another key if that row is not there.
keep() { if [ -s "$key.new" ]; then mv "$key.new" "$key"; fi; }

if [ -z "${CELLGEBRA_DATABASE_URL:-}" ] && grep -qs '@db:5432/' /secrets/service/cellgebra_database_url; then
    cellgebra db create "$admin"
fi
cellgebra migrate
keep
cellgebra keys create admin --scope admin --if-none --out "$key.new"
keep
echo "The first API key is in the volume of secrets; read it with:"
echo "    docker compose run --rm --no-deps migrate cat $key"
