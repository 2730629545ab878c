#!/bin/sh
# Run once by the image of PostgreSQL, when its volume is new.
set -eu
psql --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set "owner_password=$OWNER_PASSWORD" \
    --set "app_password=$APP_PASSWORD" \
    --set "steward_password=$STEWARD_PASSWORD" \
    --file /etc/nexafi/roles.sql
