-- Databases and roles on a PostgreSQL server (release 15 or later), once, as its administrator:
--   psql -f deploy/postgres-roles.sql
-- then a password for each of the three roles: \password drawbridge, and so on.
--
-- drawbridge_owner makes the ledger's tables, at the first start and at upgrades, and restores.  drawbridge is
-- what the service logs in with: it reads, adds and changes rows, and can neither delete one nor touch a table or
-- the triggers that keep the audit chain as it was written.  prefect owns what Prefect keeps, and nothing else.
CREATE ROLE drawbridge_owner LOGIN;
CREATE ROLE drawbridge LOGIN;
CREATE ROLE prefect LOGIN;

-- In any encoding but UTF8 names of people and enterprises cannot be kept.
CREATE DATABASE drawbridge OWNER drawbridge_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE prefect OWNER prefect TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
REVOKE ALL ON DATABASE drawbridge, prefect FROM PUBLIC;
GRANT CONNECT ON DATABASE drawbridge TO drawbridge;

\connect drawbridge
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO drawbridge_owner;
GRANT USAGE ON SCHEMA public TO drawbridge;
ALTER DEFAULT PRIVILEGES FOR ROLE drawbridge_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE ON TABLES TO drawbridge;
-- From release 17 on the service may have a table analysed after many rows were queued; before, autovacuum does it.
SELECT current_setting('server_version_num')::int >= 170000 AS can_maintain \gset
\if :can_maintain
ALTER DEFAULT PRIVILEGES FOR ROLE drawbridge_owner IN SCHEMA public GRANT MAINTAIN ON TABLES TO drawbridge;
\endif

\connect prefect
GRANT ALL ON SCHEMA public TO prefect;
