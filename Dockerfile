FROM python:3.11.13-slim-bookworm
WORKDIR /opt/lacuna
COPY Makefile airflow.mk requirements.lock ./
COPY scripts/install.sh scripts/
RUN apt-get update && apt-get install -y --no-install-recommends make git \
    && rm -rf /var/lib/apt/lists/* \
    && make install
ENV PATH=/opt/lacuna/.venv/bin:$PATH PYTHONPATH=/opt/lacuna:/opt/lacuna/plugins
COPY . .
RUN useradd --create-home lacuna && mkdir -p .lacuna/airflow && chown -R lacuna .lacuna
USER lacuna
