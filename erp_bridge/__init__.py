"""The bridge between the plant and its ERP and PLM: what the floor did is posted once, what was planned comes in once."""
