"""The bridge between the plant and its ERP and PLM. Not built yet: see README.md beside this file."""
