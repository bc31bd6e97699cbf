"""What `lacuna run` imports and builds once, for the fork server of these tests.

It takes longer than a small day's work, and a fork has it for nothing.
"""

from lacuna.cli import terminal

terminal.before_airflow()

import asyncio  # noqa: E402

import dbt.adapters.athena  # noqa: E402
import dbt.cli.main  # noqa: E402, F401
import httpx  # noqa: E402
from airflow.sdk.execution_time.supervisor import in_process_api_server  # noqa: E402

import expectations.fct_delivery_hours  # noqa: E402
import expectations.fct_log_objects  # noqa: E402
import expectations.fct_logging_changes  # noqa: E402
import expectations.fct_logging_coverage  # noqa: E402, F401
from lacuna.lake import lake  # noqa: E402
from lacuna.settings import Settings  # noqa: E402
from lacuna.steps import build  # noqa: E402
from tests.support import collect_rarely  # noqa: E402
from tests.support.clients import remember  # noqa: E402

LAKE = "lacuna-lake-123456789012-us-east-1"


async def answer_once(app) -> None:
    """Airflow's API in the process of a task generates its versions at the first request."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://task") as client:
        await client.get("/health")


asyncio.run(answer_once(in_process_api_server().app))
# of any other lake the project is parsed once more
build.project(tuple(lake.dbt_environment_of(LAKE, "us-east-1", Settings().workgroup).items()))
remember()
collect_rarely()  # or the first collection in each fork would copy all of this
