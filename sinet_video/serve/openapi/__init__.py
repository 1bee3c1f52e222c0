"""The HTTP interface described for programs, as OpenAPI."""
