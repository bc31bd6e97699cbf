"""What the DAGs run: one module a DAG, and the parts that a step shares."""
