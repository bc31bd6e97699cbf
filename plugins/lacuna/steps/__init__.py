"""What the DAGs run: one module for each DAG, and the parts that steps share."""
