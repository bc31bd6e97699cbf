"""The other engine: a real Trino coordinator."""
