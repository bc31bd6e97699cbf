"""Plans that repair logging: the changes, as a diff that can be undone. Pure."""
