"""Who may speak and how it is proved: secrets, certificates, topic rights."""
