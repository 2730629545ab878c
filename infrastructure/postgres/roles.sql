-- Run by psql as an administrator, as often as you like:
--   psql -v owner_password=... -v app_password=... -v steward_password=... -f roles.sql
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE nexafi_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexafi_owner') \gexec
ALTER ROLE nexafi_owner LOGIN PASSWORD :'owner_password';
SELECT 'CREATE ROLE nexafi_app LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexafi_app') \gexec
ALTER ROLE nexafi_app LOGIN PASSWORD :'app_password';
SELECT 'CREATE ROLE nexafi_steward LOGIN BYPASSRLS' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexafi_steward') \gexec
ALTER ROLE nexafi_steward LOGIN PASSWORD :'steward_password';
GRANT nexafi_owner TO CURRENT_USER;
SELECT 'CREATE DATABASE nexafi OWNER nexafi_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'nexafi') \gexec
\connect nexafi
REVOKE ALL ON DATABASE nexafi FROM PUBLIC;
GRANT CONNECT ON DATABASE nexafi TO nexafi_app, nexafi_steward;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO nexafi_owner;
GRANT USAGE ON SCHEMA public TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS users AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA users TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS ledger AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA ledger TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS payments AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA payments TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS ai AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA ai TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS analytics AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA analytics TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS credit AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA credit TO nexafi_app, nexafi_steward;
CREATE SCHEMA IF NOT EXISTS documents AUTHORIZATION nexafi_owner;
GRANT USAGE ON SCHEMA documents TO nexafi_app, nexafi_steward;
