-- Run once, when the database server is made: Prefect keeps its own tables apart from the ledger.
CREATE DATABASE prefect OWNER drawbridge;
