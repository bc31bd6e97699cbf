# Airflow's environment for make; docker-compose.yml sets the same variables for its containers.
export AIRFLOW_HOME ?= $(CURDIR)/.lacuna/airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__PLUGINS_FOLDER := $(CURDIR)/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION := False
export AIRFLOW__API__HOST := 127.0.0.1
# Airflow's own lines say little to whoever waits for a day's run; warnings and Lacuna's own do.
export AIRFLOW__LOGGING__LOGGING_LEVEL := WARNING
export AIRFLOW__LOGGING__NAMESPACE_LEVELS := lacuna=INFO airflow.sdk.definitions.dag=CRITICAL py.warnings=ERROR
