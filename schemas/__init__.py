"""What every record is: pydantic models, code tables, errors, contracts (OpenAPI, XSD). Imports nothing of ours."""
