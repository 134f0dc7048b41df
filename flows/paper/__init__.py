"""Papers and tables of a campaign, from the ledger."""
