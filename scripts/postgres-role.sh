#!/bin/sh
# Run once by the PostgreSQL image when it makes its cluster: the application's own role, no superuser.
set -eu
psql --username postgres --set ON_ERROR_STOP=1 --set password="$SITO_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE sito LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE sito OWNER sito;
SQL
