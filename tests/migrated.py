"""Databases with the tables of sink and console: each is a copy of one that was migrated, for a fifth of the cost."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import asyncpg

from runtime.migration_files import find_migrations
from runtime.migrations import migrate

SCHEMA: Final = "test_tables"
PACKAGES: Final = ("storage", "console")


@asynccontextmanager
async def make_template(postgres: str) -> AsyncIterator[str]:
    """Make a database with the tables for the block; give its name, for `copy_of`."""
    async with own_database(postgres, "template0") as name:
        connection = await asyncpg.connect(url_of(postgres, name))
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        await connection.execute(f"SET search_path TO {SCHEMA}")
        await migrate(connection, [find_migrations(package) for package in PACKAGES])
        await connection.close()
        yield name


@asynccontextmanager
async def copy_of(postgres: str, template: str) -> AsyncIterator[str]:
    """Copy a template for the block; connections by the URL it gives find the tables of the copy, and only those."""
    async with own_database(postgres, template) as name:
        yield url_of(postgres, name)


@asynccontextmanager
async def own_database(postgres: str, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield name
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


def url_of(postgres: str, database: str) -> str:
    """Give the URL of another database of the same server, in which the tables stand in their schema."""
    query = f"options=-csearch_path%3D{SCHEMA}"
    parts = urlsplit(postgres)
    return parts._replace(path=f"/{database}", query=f"{parts.query}&{query}" if parts.query else query).geturl()
