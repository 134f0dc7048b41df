"""What every record is: models, code tables, errors, and the contracts (OpenAPI, XSD)."""
