# Airflow's environment for make; docker-compose.yml sets the same variables for its containers.
export AIRFLOW_HOME ?= $(CURDIR)/.lacuna/airflow
export AIRFLOW__CORE__DAGS_FOLDER := $(CURDIR)/dags
export AIRFLOW__CORE__PLUGINS_FOLDER := $(CURDIR)/plugins
export AIRFLOW__CORE__LOAD_EXAMPLES := False
export AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION := False
export AIRFLOW__API__HOST := 127.0.0.1
