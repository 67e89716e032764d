"""Canonical documents: what the floor did, in no ERP's words."""
