"""An Athena on this machine: moto for the control plane, a query API that really runs SQL.

README.md says how to use it and what each module does; import-linter holds the layers.
"""
