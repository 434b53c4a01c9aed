"""Request structs and their parsers: text of a call ─▶ Command, read query, or refusal. Pure."""
