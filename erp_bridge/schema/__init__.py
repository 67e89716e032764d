"""The bridge's own tables, in the schema `bridge`, which its role owns."""
