"""New devices become equipment when a person says so; changed tags become so too."""
