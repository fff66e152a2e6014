"""`clickrail program|affiliate|code add|edit|list|show|pause|resume|archive`, `code check` and `clickrail import`.

On a terminal the output is tables and sentences, in a pipe lines with tabs between columns, with `--json` JSON.
"""

from typing import Annotated, Final

import typer

from cli.admin_common import add, edit, set_status, show_page
from cli.code_link import write_link
from cli.codes import add_code, check, edit_code, list_codes
from cli.csv_import import import_file
from cli.database import run, unwrap
from cli.options import (
    After,
    Archived,
    AsJson,
    DatabaseUrl,
    Id,
    Most,
    NewId,
    NoHeader,
    PublicUrl,
    SameName,
    StatusFilter,
)
from cli.output import fields_of, name_kind, show_json, show_one
from cli.programs import add_program, edit_program
from referrals.model import Kind

program = typer.Typer(
    help="Programs: the offers of merchants, with targets and rules for their clicks.", no_args_is_help=True
)
affiliate = typer.Typer(help="Affiliates: the partners who refer visitors.", no_args_is_help=True)
code = typer.Typer(help="Referral codes: the codes in links.", no_args_is_help=True)
import_ = import_file


@affiliate.command("add")
def add_affiliate(
    name: Annotated[str, typer.Argument(help="what people call them")],
    database_url: DatabaseUrl,
    id_: NewId = None,
    same_name: SameName = False,
    as_json: AsJson = False,
) -> None:
    """Add an affiliate."""
    import secrets

    from referrals.admin.ids import make_affiliate_id
    from referrals.model import Affiliate

    new = Affiliate(id=id_ or make_affiliate_id(secrets.choice), name=name, status="active")
    add(database_url, new, as_json=as_json, same_name=same_name)


@affiliate.command("edit")
def edit_affiliate(
    id_: Id,
    database_url: DatabaseUrl,
    name: Annotated[str | None, typer.Option("--name", show_default=False, help="what people call them")] = None,
    same_name: SameName = False,
    as_json: AsJson = False,
) -> None:
    """Change an affiliate's name."""
    edit(database_url, "affiliate", id_, {"name": name}, as_json=as_json, same_name=same_name)


def add_list(app: typer.Typer, kind: Kind) -> None:
    @app.command("list", help=f"List {kind}s. Archived ones are left out.")
    def list_all(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command line
        database_url: DatabaseUrl,
        status: StatusFilter = None,
        archived: Archived = False,
        most: Most = 100,
        after: After = "",
        as_json: AsJson = False,
        no_header: NoHeader = False,
    ) -> None:
        from referrals.admin.repository import Filter

        wanted = Filter(status=status, limit=most, after=after, archived=archived)
        show_page(database_url, kind, wanted, as_json=as_json, header=not no_header)


def add_show(app: typer.Typer, kind: Kind) -> None:
    @app.command(help=f"Show everything about one {kind}.")
    def show(id_: Id, database_url: DatabaseUrl, public_url: PublicUrl = None, as_json: AsJson = False) -> None:
        from referrals.admin import repository

        found = unwrap(run(database_url, lambda connection: repository.find(connection, kind, id_)))
        fields = fields_of(found, write_link(public_url, id_) if kind == "code" else None)
        if as_json:
            show_json(fields)
        else:
            show_one(fields)


def add_statuses(app: typer.Typer, kind: Kind) -> None:
    @app.command(help=f"Pause {name_kind(kind)}: its visitors go to the program's fallback, without cookie or click.")
    def pause(id_: Id, database_url: DatabaseUrl) -> None:
        set_status(database_url, kind, id_, "paused")

    @app.command(help=f"Make {name_kind(kind)} active again that is paused or archived.")
    def resume(id_: Id, database_url: DatabaseUrl) -> None:
        set_status(database_url, kind, id_, "active")

    @app.command(help=f"Archive {name_kind(kind)}: like pause, and lists leave it out.")
    def archive(id_: Id, database_url: DatabaseUrl) -> None:
        set_status(database_url, kind, id_, "archived")


program.command("add")(add_program)
program.command("edit")(edit_program)
code.command("add")(add_code)
code.command("edit")(edit_code)
code.command("list")(list_codes)
code.command("check")(check)
add_list(program, "program")
add_list(affiliate, "affiliate")
GROUPS: Final[tuple[tuple[typer.Typer, Kind], ...]] = ((program, "program"), (affiliate, "affiliate"), (code, "code"))
for group, kind_ in GROUPS:
    add_show(group, kind_)
    add_statuses(group, kind_)
