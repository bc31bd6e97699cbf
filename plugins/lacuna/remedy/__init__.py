"""Plans that repair logging: what would change, as a diff that can be undone. Pure."""
